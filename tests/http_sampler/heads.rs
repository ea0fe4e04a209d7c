//! Heads that do not follow the standard to the letter, and heads of answers whose body fails.

use std::time::Duration;

use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{FixedHeaders, HttpUser, Settings, spellings};
use tokio::io::AsyncWriteExt;

use crate::support::{answer, failure, fetch, get, http, listen, ok, raw, read_request, request, run, transport};

async fn answered(bytes: &'static [u8]) -> loadplan::exchange::Exchange {
    fetch(get(&format!("http://127.0.0.1:{}/", raw(bytes).await))).await
}

#[test]
fn regression_x12_h2_h3_tolerable_heads_are_read() {
    run(async {
        // RFC 9112 §5.2: a fold is a space.
        let exchange = answered(b"HTTP/1.1 200 OK\r\nX-A: b\r\n  continued\r\nContent-Length: 2\r\n\r\nok").await;
        assert_eq!(
            (ok(&exchange).headers.get("x-a").unwrap().as_bytes(), &ok(&exchange).body[..]),
            (&b"b continued"[..], &b"ok"[..])
        );
        let exchange =
            answered(b"HTTP/1.1 200 OK\r\nPHP Warning: x in y\r\nX-A : b\r\nContent-Length : 2\r\n\r\nok").await;
        assert_eq!(
            (ok(&exchange).headers.get("x-a").unwrap().as_bytes(), &ok(&exchange).body[..]),
            (&b"b"[..], &b"ok"[..])
        );
        let (port, _) = http(|_| answer("200 OK", &"Set-Cookie: a=1\r\n".repeat(150), "ok")).await;
        let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
        assert_eq!(ok(&exchange).headers.get_all("set-cookie").iter().count(), 150);
        let exchange = answered(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: b\r\n  c\r\nPHP x\r\n\r\n",
        )
        .await;
        assert_eq!(ok(&exchange).body, "ok");
    });
}

#[test]
fn a_head_that_is_refused_names_its_line() {
    run(async {
        for (bytes, words) in [
            (
                &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"[..],
                "(`Content-Length: 2` and `Content-Length: 3`: that is not one length)",
            ),
            (b"HTTP/1.1 200 OK\r\nX-A: b\0c\r\n\r\n", "(the line `X-A: b\u{B7}c` contains a control character)"),
            (b"SSH-2.0-OpenSSH_9\r\n", "is not HTTP/1: it begins with `SSH-2.0-OpenSSH_9`"),
        ] {
            let exchange = answered(bytes).await;
            assert_eq!(failure(&exchange).kind, FailureKind::Protocol);
            assert!(failure(&exchange).message.contains(words), "{:?}", failure(&exchange));
        }
    });
}

#[test]
fn a_length_beside_chunked_is_passed_over_and_costs_the_connection() {
    run(async {
        // RFC 9112 §6.3: Transfer-Encoding overrides Content-Length, and the connection is closed.
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        let (port, log) = http(|_| bytes.to_vec()).await;
        let (user, transport) = (HttpUser::new(), transport(Settings::default()));
        for _ in 0..2 {
            let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
            assert_eq!(ok(&exchange).body, "ok");
        }
        assert_eq!(log.connections(), [0, 1]);
    });
}

#[test]
fn regression_h5_what_came_of_an_answer_stays_though_its_body_fails() {
    run(async {
        let damaged = b"HTTP/1.1 503 Busy\r\nX-A: b\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope";
        let cut = b"HTTP/1.1 502 Bad\r\nX-A: b\r\nContent-Length: 10\r\n\r\npart";
        for (bytes, status, body) in [(&damaged[..], 503, &b""[..]), (cut, 502, b"part")] {
            let mut request = get(&format!("http://127.0.0.1:{}/", raw(bytes).await));
            request.capture = true;
            let exchange = fetch(request).await;
            assert_eq!(failure(&exchange).kind, FailureKind::Body);
            let partial = exchange.partial.as_ref().unwrap();
            assert_eq!((partial.status, &partial.body[..]), (Some(status), body));
            assert_eq!(partial.headers.get("x-a").unwrap(), "b");
            assert_eq!(exchange.http_entries().next().unwrap().status, Some(status));
        }
        // A body that takes too long.
        let port = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart").await.unwrap();
            std::future::pending::<()>().await;
        })
        .await;
        let settings = Settings { timeout: Duration::from_millis(300), ..Settings::default() };
        let url = format!("http://127.0.0.1:{port}/");
        let exchange = HttpUser::new().send(get(&url), &transport(settings)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Timeout);
        assert_eq!(exchange.partial.unwrap().status, Some(200));
    });
}

#[test]
fn a_request_lost_on_a_kept_connection_says_how_long_that_was_idle() {
    run(async {
        let port = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            stream.write_all(&answer("200 OK", "", "")).await.unwrap();
            read_request(&mut stream, number).await;
        })
        .await;
        let (user, transport) = (HttpUser::new(), transport(Settings::default()));
        let url = format!("http://127.0.0.1:{port}/");
        user.send(get(&url), &transport).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let exchange = user.send(request("POST", &url), &transport).await;
        let message = &failure(&exchange).message;
        assert_eq!((failure(&exchange).kind, exchange.reconnects), (FailureKind::Reset, 0));
        assert!(message.starts_with("the server closed the kept connection, idle for about "), "{message}");
        assert!(message.contains("`connections: iteration`"), "{message}");
    });
}

#[test]
fn regression_h1_names_go_out_as_they_are_written() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "Set-Cookie: a=1\r\n", "")).await;
        let url = format!("http://127.0.0.1:{port}/");
        let (user, transport) = (HttpUser::new(), transport(Settings::default()));
        let spelled = spellings(["X-Hub-Signature", "soapaction", "Accept"]);
        let fixed = [("x-hub-signature", "1"), ("accept", "text/html")];
        let map = ::http::HeaderMap::from_iter(
            fixed.map(|(name, value)| (name.parse::<::http::HeaderName>().unwrap(), value.parse().unwrap())),
        );
        let mut post = request("POST", &url);
        post.headers = std::sync::Arc::new(FixedHeaders::new(map, spelled, Vec::new()));
        post.extra_headers.push(("soapaction".parse().unwrap(), "x".parse().unwrap()));
        post.extra_headers.push(("content-type".parse().unwrap(), "text/plain".parse().unwrap()));
        post.body = "x".into();
        // The second time with a cookie.
        for _ in 0..2 {
            user.send(post.clone(), &transport).await;
        }
        let port = format!("Host: 127.0.0.1:{port}\r\n");
        for line in [
            &*port,
            "User-Agent: loadplan",
            "Accept: text/html\r\n",
            "Accept-Encoding: ",
            "X-Hub-Signature: 1\r\n",
            "soapaction: x\r\n",
            "Content-Type: text/plain\r\n",
            "Content-Length: 1\r\n",
            "Cookie: a=1\r\n",
        ] {
            assert!(log.get(1).head.contains(&format!("\r\n{line}")), "{line}: {}", log.get(1).head);
        }
    });
}
