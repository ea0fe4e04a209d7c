//! The opening handshake (RFC 6455 §4): what it carries, and servers that do not agree.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;

use super::server::{Feed, Log};
use super::{counts, errors, failure, passes, walk};
use crate::support::Folder;

#[test]
fn the_request_is_an_upgrade_with_the_users_cookies_query_and_credentials() {
    let feed = Feed::start(|peer| {
        if peer.path() == "/login" {
            return peer.respond("200 OK", "Set-Cookie: session=s3; Path=/\r\n", "hello");
        }
        // There are servers that look for these names in this spelling (RFC 6455 §1.2).
        for name in ["Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions"]
        {
            let found = peer.head.contains(&format!("\r\n{name}: "));
            peer.log(format!("{name} {found}"));
        }
        let value = |name| peer.header(name).unwrap_or("-").to_owned();
        peer.log(format!(
            "{} | {} | {} | {} | {} | {} | {}",
            peer.head.lines().next().unwrap(),
            value("Upgrade"),
            value("Connection"),
            value("Sec-WebSocket-Version"),
            value("Cookie"),
            value("Authorization"),
            value("X-Own"),
        ));
        peer.accept();
        peer.serve(|_, _| {});
    });
    let plan = format!(
        "http: {{ base_url: \"http://127.0.0.1:{}\", auth: {{ bearer: t0ken }}, headers: {{ X-Own: yes }} }}
thread_groups:
  g:
    iterations: 1
    steps:
      - get: /login
      - websocket: /feed
        query: {{ symbols: \"A,B\" }}
        steps: [{{ send: hi }}]
",
        feed.port
    );
    passes(&plan);
    let lines = feed.log.lines();
    assert!(lines[..5].iter().all(|line| line.ends_with(" true")), "{lines:?}");
    assert_eq!(
        lines[5],
        "GET /feed?symbols=A%2CB HTTP/1.1 | websocket | Upgrade | 13 | session=s3 | Bearer t0ken | yes"
    );
}

#[test]
fn subprotocols_are_offered_and_one_must_be_taken() {
    let feed = Feed::start(|peer| {
        peer.log(peer.header("Sec-WebSocket-Protocol").unwrap_or("-").to_owned());
        match peer.path() {
            "/second" => peer.accept_with("Sec-WebSocket-Protocol: v1.chat\r\n"),
            "/other" => peer.accept_with("Sec-WebSocket-Protocol: v3.chat\r\n"),
            _ => peer.accept(),
        }
        peer.serve(|peer, _| peer.text("yes"));
    });
    let offers = "subprotocols: [v2.chat, v1.chat]";
    let steps = format!(
        "- websocket: /second
  {offers}
  steps: [{{ name: second, send: hi, reply: {{}} }}]
- {{ name: none, websocket: /none, {offers}, steps: [{{ send: never }}] }}
- {{ name: other, websocket: /other, {offers}, steps: [{{ send: never }}] }}
- {{ name: unasked, websocket: /other, steps: [{{ send: never }}] }}
"
    );
    let folder = Folder::new();
    folder.run_plan(&walk(&feed, &steps), &["--quiet"]).expect_code(1);
    let results = folder.results();
    assert_eq!(counts(&results, "second"), (1, 0));
    let errors = errors(&results);
    for (label, message) in [
        ("none", "the server's WebSocket handshake is wrong: it accepted none of the offered `subprotocols`"),
        ("other", "the server's WebSocket handshake is wrong: it selected a subprotocol that was not offered"),
        ("unasked", "the server's WebSocket handshake is wrong: it selected a subprotocol that was not offered"),
    ] {
        assert!(errors.contains(&(label.into(), "protocol".into(), message.into())), "{label} in {errors:#?}");
    }
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert_eq!(feed.log.lines().iter().filter(|line| *line == "v2.chat, v1.chat").count(), 3);
}

/// RFC 6455 §4.1: any status but 101 is handled as HTTP has it.
#[test]
fn a_server_that_does_not_agree_is_told_in_words() {
    let feed = Feed::start(|peer| {
        match peer.path() {
        "/forbidden" => peer.respond(
            "403 Forbidden",
            "Content-Type: application/json\r\n",
            r#"{"error":"forbidden","message":"your plan has no feeds"}"#,
        ),
        "/plain" => peer.respond("200 OK", "", "a web page"),
        "/wrong-key" => peer.bytes(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        ),
        "/no-key" => peer.bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        "/moved" => peer.respond("302 Found", "Location: /here\r\n", ""),
        "/extension" => peer.accept_with("Sec-WebSocket-Extensions: x-never-offered\r\n"),
        "/silent" => std::thread::sleep(std::time::Duration::from_secs(5)),
        _ => {
            peer.accept();
            peer.serve(|peer, _| peer.text("yes"));
        }
    }
    });
    let cases = [
        ("forbidden", "status", "the status is 403", "403: your plan has no feeds"),
        (
            "plain",
            "status",
            "the server did not switch to WebSocket: status 200, where 101 (Switching Protocols) is expected",
            "",
        ),
        ("wrong-key", "protocol", "`Sec-WebSocket-Accept` does not match the key", ""),
        ("no-key", "protocol", "`Sec-WebSocket-Accept` does not match the key", ""),
        ("extension", "protocol", "an extension", "not offered"),
        ("silent", "timeout", "500", ""),
    ];
    let mut steps: String = cases
        .iter()
        .map(|(path, ..)| {
            let limit = if *path == "silent" { "500ms" } else { "20s" };
            format!("- {{ name: {path}, websocket: /{path}, timeout: {limit}, steps: [{{ name: after {path}, send: never }}] }}\n")
        })
        .collect();
    // RFC 6455 §4.1: a client may follow redirects.
    steps.push_str("- websocket: /moved\n  steps: [{ name: moved, send: hi, reply: {} }]\n");
    let folder = Folder::new();
    folder.run_plan(&walk(&feed, &steps), &["--quiet"]).expect_code(1);
    let results = folder.results();
    let text = results["errors"].to_string();
    for (label, kind, message, more) in cases {
        let errors = results["errors"].as_array().unwrap();
        let error = errors.iter().find(|one| one["label"] == label).unwrap_or_else(|| panic!("{label} in {text}"));
        assert_eq!(error["kind"], kind, "{error:#}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error:#}");
        assert!(error.to_string().contains(more), "{error:#}");
    }
    assert_eq!(results["errors"].as_array().unwrap().len(), cases.len(), "{text}");
    let refused = results["errors"].as_array().unwrap().iter().find(|one| one["label"] == "forbidden").unwrap();
    assert_eq!(refused["expected"], "the status 101 (Switching Protocols)", "{refused:#}");
    assert_eq!(counts(&results, "moved"), (1, 0));
    assert_eq!(results["never_executed"].as_array().unwrap().len(), cases.len(), "{:#}", results["never_executed"]);
}

#[test]
fn compression_is_offered_unless_the_plan_says_no() {
    let feed = Feed::start(|peer| {
        peer.log(peer.header("Sec-WebSocket-Extensions").unwrap_or("none").to_owned());
        peer.accept();
        peer.serve(|_, _| {});
    });
    passes(&walk(
        &feed,
        "- { websocket: /a, steps: [{ send: a }] }\n- { websocket: /b, compression: false, steps: [{ send: b }] }\n",
    ));
    let lines: Vec<String> = feed.log.lines().into_iter().filter(|line| !line.starts_with("close")).collect();
    assert!(lines[0].starts_with("permessage-deflate"), "{lines:?}");
    assert_eq!(lines[1], "none");
}

/// A CA in a file of `folder`, and a server's side for 127.0.0.1.
fn authority(folder: &Folder) -> Arc<ServerConfig> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    folder.write("ca.pem", ca.pem());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

#[test]
fn wss_is_trusted_by_its_ca_and_not_without_it() {
    let folder = Folder::new();
    let feed = Feed::secure(authority(&folder), |peer| {
        peer.accept();
        peer.serve(|peer, message| peer.text(message));
    });
    let plan = |tls: &str| {
        format!(
            "http: {{ {tls} }}
websocket: {{ url: \"wss://127.0.0.1:{}\" }}
thread_groups:
  g:
    iterations: 1
    steps:
      - websocket: /feed
        steps:
          - {{ name: echo, send: hello, reply: {{}}, assert: {{ body: {{ equals: hello }} }} }}
",
            feed.port
        )
    };
    folder.run_plan(&plan("tls: { ca_file: ca.pem }"), &["--quiet"]).expect_code(0);
    let results = folder.results();
    assert_eq!(counts(&results, "echo"), (1, 0));
    let phases = &results["samplers"][0]["phases"];
    assert!(phases["tls"].is_object() && phases["connect"].is_object(), "{phases:#}");
    feed.log.wait_for("close 1000");
    let (kind, _) = failure(&plan(""));
    assert_eq!(kind, "tls");
}

/// A proxy that takes `CONNECT` only; its log has the requests' first lines.
fn proxy() -> (u16, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = Log::default();
    let told = log.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, log) = (client.unwrap(), told.clone());
            std::thread::spawn(move || {
                let mut head = String::new();
                let mut byte = [0];
                while !head.ends_with("\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
                    head.push(char::from(byte[0]));
                }
                log.add(head.lines().next().unwrap_or_default());
                let Some(target) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
                    let _ = client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
                    return;
                };
                let mut server = TcpStream::connect(target).unwrap();
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
                let _ = std::io::copy(&mut server, &mut client);
            });
        }
    });
    (port, log)
}

/// RFC 6455 §4.1: through a proxy the connection is opened by CONNECT, also without TLS.
#[test]
fn a_proxy_is_asked_for_a_tunnel_with_tls_and_without() {
    let folder = Folder::new();
    let echo = |peer: &mut super::server::Peer| {
        peer.accept();
        peer.serve(|peer, message| peer.text(message));
    };
    let secure = Feed::secure(authority(&folder), echo);
    let plain = Feed::start(echo);
    for (scheme, port) in [("ws", plain.port), ("wss", secure.port)] {
        let (proxy, log) = proxy();
        let plan = format!(
            "http: {{ tls: {{ ca_file: ca.pem }}, proxy: \"http://127.0.0.1:{proxy}\" }}
websocket: {{ url: \"{scheme}://127.0.0.1:{port}\" }}
thread_groups:
  g:
    iterations: 1
    steps:
      - websocket: /feed
        steps: [{{ send: hello, reply: {{}}, assert: {{ body: {{ equals: hello }} }} }}]
"
        );
        folder.run_plan(&plan, &["--quiet"]).expect_code(0);
        assert_eq!(log.lines(), [format!("CONNECT 127.0.0.1:{port} HTTP/1.1")], "{scheme}");
    }
}

#[test]
fn messages_outside_of_a_websocket_or_within_parallel_are_refused_with_a_remedy() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "websocket: { url: \"ws://127.0.0.1:9\" }
thread_groups:
  g:
    iterations: 1
    steps:
      - send: lost
      - receive: {}
      - websocket: /feed
        steps:
          - parallel:
              - receive: {}
              - { send: a, reply: {} }
",
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    for words in [
        "`send` needs a connection: there is no `websocket` step around it\n --> plan.yaml:6:9",
        "`receive` needs a connection: there is no `websocket` step around it\n --> plan.yaml:7:9",
        "put it into the `steps` of a `websocket` step",
        "`receive` within `parallel`: two steps would read from one connection at the same time\n  --> plan.yaml:11:17",
        "`send` within `parallel`",
        "put a `websocket` step of its own into each branch",
    ] {
        let said = format!("{}{}", ran.stdout, ran.stderr).replace("\n  -->", "\n -->");
        assert!(said.contains(&words.replace("\n  -->", "\n -->")), "{words} is not in\n{said}");
    }
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.serve(|peer, message| peer.text(message));
    });
    // Each branch with a connection of its own.
    let branch = "{ websocket: /feed, steps: [{ send: a, reply: {} }] }";
    passes(&walk(&feed, &format!("- parallel:\n    - {branch}\n    - {branch}\n")));
}
