//! What goes over the wire, and what is said of it, through the binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use support::{Folder, Reply, Server, against};

fn echo() -> Server {
    Server::start(|hit| Reply::text(200, hit.path.clone()))
}

fn plan(steps: &str) -> String {
    format!("http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n{steps}")
}

#[test]
fn regression_x1_a_path_that_holds_a_url_is_a_path() {
    // RFC 3986 §3.3, §3.4: `:` and `/` are allowed in paths and queries; §3.1: a scheme is at the beginning.
    let (folder, server) = (Folder::new(), echo());
    let text = against(
        &server,
        &plan(
            "      - get: /login?next=http://x.test/cb\n      - get: /proxy/http://x.test/a\n      - get: /l?next=${cb}\n        with: { cb: 'http://x.test/cb' }\n",
        ),
    );
    folder.run_plan(&text, &[]).expect_code(0);
    let other = echo();
    folder.run_plan(&text, &["--base-url", &other.url()]).expect_code(0);
    for server in [server, other] {
        let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
        assert_eq!(paths, ["/login?next=http://x.test/cb", "/proxy/http://x.test/a", "/l?next=http://x.test/cb"]);
    }
}

#[test]
fn regression_x2_a_base_url_with_a_fragment_or_query_is_refused() {
    let (folder, server) = (Folder::new(), echo());
    for (end, words) in [("/#", "contains a `#`"), ("#/app", "contains a `#`"), ("/?lang=de", "contains a `?`")] {
        let text = plan("      - get: /login\n").replace("BASE", &format!("{}{end}", server.url()));
        folder.write("plan.yaml", &text);
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
        assert!(ran.stdout.contains(words) || ran.stderr.contains(words), "{ran:?}");
        // The same on the command line, and from a variable when it runs.
        folder.write("plan.yaml", against(&server, &plan("      - get: /login\n")));
        let ran =
            folder.loadplan(&["run", "plan.yaml", "--base-url", &format!("{}{end}", server.url())]).expect_code(2);
        assert!(ran.stderr.contains(words), "{ran:?}");
        let text = plan("      - get: /login\n").replace("BASE", "'${base}'");
        let text = format!("variables: {{ base: '{}{end}' }}\n{text}", server.url());
        let ran = folder.run_plan(&text, &[]);
        assert!(ran.code != 0 && format!("{}{}", ran.stdout, ran.stderr).contains(words), "{ran:?}");
    }
    assert!(server.hits().is_empty());
}

#[test]
fn a_fragment_of_a_url_is_warned_of() {
    let (folder, server) = (Folder::new(), echo());
    folder.write(
        "plan.yaml",
        against(&server, &plan("      - get: /#/dashboard\n      - get: \"/x${'#'}y\"\n      - get: /${'a'}#b\n")),
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(said.matches("everything after `#` in a URL stays on the client").count(), 3, "{said}");
}

#[test]
fn a_reference_with_a_host_goes_there_and_is_warned_of() {
    // RFC 3986 §5.2.2: a reference with an authority keeps the base's scheme alone.
    let (folder, server, other) = (Folder::new(), echo(), echo());
    let text = against(&server, &plan(&format!("      - get: //{}/x\n", other.address)));
    let ran = folder.run_plan(&text, &[]).expect_code(0);
    assert!(ran.stderr.contains("means a host name: this goes to"), "{ran:?}");
    assert_eq!((server.hits().len(), other.hits().len()), (0, 1));
}

#[test]
fn regression_x10_overrides_by_host_and_no_wildcards() {
    let (folder, server) = (Folder::new(), echo());
    let text = format!(
        "http: {{ resolve: {{ \"bücher.test\": \"{}\" }} }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: \"http://bücher.test/x\"\n",
        server.address
    );
    folder.run_plan(&text, &[]).expect_code(0);
    folder.write("plan.yaml", text.replace("\"bücher.test\":", "\"*.test\":"));
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("the whole host name must match"), "{ran:?}");
}

#[test]
fn regression_x11_a_written_multipart_type_gets_the_boundary() {
    let (folder, server) = (Folder::new(), echo());
    let text = against(
        &server,
        "http: { base_url: BASE, headers: { Content-Type: '${t}' } }\nvariables: { t: multipart/form-data }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - post: /default\n        multipart: { title: x }\n      - post: /own\n        headers: { Content-Type: multipart/form-data; boundary=myB }\n        multipart: { title: x }\n",
    );
    folder.run_plan(&text, &[]).expect_code(0);
    for hit in server.hits() {
        let (_, boundary) = hit.headers["content-type"].split_once("boundary=").unwrap();
        assert!(hit.body.starts_with(&format!("--{boundary}\r\n")), "{hit:?}");
        assert_eq!(hit.path == "/own", boundary == "myB", "{hit:?}");
    }
    folder.write(
        "plan.yaml",
        against(&server, &plan("      - post: /u\n        headers: { Content-Type: application/json }\n        multipart: { title: x }\n")),
    );
    folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
}

#[test]
fn regression_h14_bodies_are_compressed_or_the_header_is_refused() {
    use std::io::Read as _;
    let (folder, server) = (Folder::new(), echo());
    let text = against(&server, &plan("      - post: /x\n        json: { a: 1 }\n        compress_body: gzip\n"));
    folder.run_plan(&text, &[]).expect_code(0);
    let hit = &server.hits()[0];
    assert_eq!(hit.headers["content-encoding"], "gzip");
    let mut body = String::new();
    flate2::read::GzDecoder::new(&hit.bytes[..]).read_to_string(&mut body).unwrap();
    assert_eq!(body, r#"{"a":1}"#);
    for (step, code, words) in [
        ("headers: { Content-Encoding: gzip }\n        json: { a: 1 }", 2, "but it is sent uncompressed"),
        ("headers: { Content-Encoding: gzip }\n        body: x", 0, "but it is sent uncompressed"),
        ("headers: { Content-Encoding: br }\n        compress_body: gzip\n        body: x", 2, "says `br`"),
        ("headers: { Content-Length: 7 }\n        body: x", 0, "always the length of the body"),
        ("headers: { Transfer-Encoding: gzip }\n        body: x", 0, "only `chunked` does"),
        ("compress_body: gzip", 2, "nothing to compress"),
    ] {
        folder.write("plan.yaml", against(&server, &plan(&format!("      - post: /x\n        {step}\n"))));
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(code);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(words), "{ran:?}");
    }
}

#[test]
fn regression_h1_names_go_out_as_the_plan_spells_them() {
    let (listener, folder) = (std::net::TcpListener::bind("127.0.0.1:0").unwrap(), Folder::new());
    let address = listener.local_addr().unwrap();
    let reader = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        while !bytes.ends_with(b"\r\n\r\nx=1") {
            let read = stream.read(&mut piece).unwrap();
            bytes.extend_from_slice(&piece[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(bytes).unwrap()
    });
    folder
        .run_plan(
            &format!(
                "http: {{ base_url: 'http://{address}', headers: {{ X-Hub-Signature: a }} }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - post: /x\n        headers: {{ soapAction: b, X-Now: '${{now()}}' }}\n        form: {{ x: 1 }}\n"
            ),
            &[],
        )
        .expect_code(0);
    let head = reader.join().unwrap();
    for line in [
        "X-Hub-Signature: a",
        "soapAction: b",
        "X-Now: ",
        "Host: ",
        "User-Agent: ",
        "Content-Type: application/x-www",
        "Content-Length: 3",
    ] {
        assert!(head.contains(&format!("\r\n{line}")), "{line}: {head}");
    }
}

#[test]
fn regression_h5_try_shows_the_status_of_an_answer_whose_body_fails() {
    let server = Server::start(|hit| {
        let text = if hit.path == "/cut" {
            "HTTP/1.1 502 Bad Gateway\r\nX-A: b\r\nContent-Length: 10\r\n\r\npart"
        } else {
            "HTTP/1.1 503 Busy\r\nX-A: b\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
        };
        Reply::Raw(vec![(Duration::ZERO, text.into())])
    });
    let folder = Folder::new();
    let text = against(
        &server,
        &plan(
            "      - get: /cut\n        assert: { status: 200 }\n      - get: /damaged\n        assert: { status: 503 }\n",
        ),
    );
    folder.write("plan.yaml", &text);
    let ran = folder.loadplan(&["try", "plan.yaml"]).expect_code(1);
    for line in [
        "   < 502\n",
        "   < x-a: b\n",
        "   < | part\n",
        "   FAIL status is 200: expected 200, got 502: part\n",
        "   FAIL the body ended after 4 of 10 bytes\n",
        "   < 503\n",
        "   ok   status is 503\n",
        "   FAIL the body is not valid `gzip`",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    folder.run_plan(&text, &[]).expect_code(1);
    let results = folder.results();
    let cut = results["errors"].as_array().unwrap().iter().find(|error| error["message"] == "status is 200").unwrap();
    assert!(cut["example"]["response"].as_str().unwrap().starts_with("HTTP/1.1 502\nx-a: b\n"), "{cut}");
}

#[test]
fn regression_x14_a_proxy_password_that_is_not_encoded_is_refused_and_not_shown() {
    let folder = Folder::new();
    let steps = "thread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: \"http://shop.test/x\"\n";
    folder.write("plan.yaml", format!("http: {{ proxy: 'http://user:p@hush#quiet@127.0.0.1:9' }}\n{steps}"));
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("`#` as %23"), "{said}");
    folder.write("plan.yaml", steps);
    let mut command = folder.command(&["try", "plan.yaml"]);
    let ran = support::Ran::from(command.env("http_proxy", "http://user:p@hush#quiet@127.0.0.1:9").output().unwrap());
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code != 0 && said.contains("`HTTP_PROXY` is not a proxy URL") && said.contains("`#` as %23"), "{said}");
    assert!(!said.contains("hush") && !said.contains("quiet"), "{said}");
}

#[test]
fn regression_x15_loopback_is_asked_directly_and_try_shows_a_proxy() {
    let (folder, proxy, target) = (Folder::new(), echo(), echo());
    folder.write("plan.yaml", against(&target, &plan("      - get: /direct\n")));
    let mut command = folder.command(&["try", "plan.yaml"]);
    let ran = support::Ran::from(command.env("HTTP_PROXY", proxy.url()).output().unwrap()).expect_code(0);
    assert!(!ran.stdout.contains("through the proxy"), "{}", ran.stdout);
    assert_eq!((target.hits().len(), proxy.hits().len()), (1, 0));

    // Named in the plan it is used for this machine too.
    let own = format!("http: {{ proxy: 'http://ann:s3cret@{}' }}\n", proxy.address);
    let text = format!("{own}thread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: {}/x\n", target.url());
    folder.write("plan.yaml", text);
    let ran = folder.loadplan(&["try", "plan.yaml"]).expect_code(0);
    assert!(ran.stdout.contains(&format!("(through the proxy {})", proxy.address)), "{}", ran.stdout);
    assert!(!ran.stdout.contains("s3cret"));
    assert_eq!((target.hits().len(), proxy.hits().len()), (1, 1));

    // From the environment for other machines.
    folder.write(
        "plan.yaml",
        "thread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: \"http://shop.test/x\"\n",
    );
    let mut command = folder.command(&["try", "plan.yaml"]);
    let ran = support::Ran::from(command.env("HTTP_PROXY", proxy.url()).output().unwrap()).expect_code(0);
    assert!(ran.stdout.contains(&format!("(through the proxy {})", proxy.address)), "{}", ran.stdout);
}
