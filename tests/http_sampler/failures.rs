//! Every way to fail has its kind and its words.

use std::time::Duration;

use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{HttpUser, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{failure, fetch, get, listen, ok, raw, read_request, request, run, transport};

async fn failing(answer: &'static [u8]) -> (FailureKind, String) {
    let port = raw(answer).await;
    let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
    let failure = failure(&exchange);
    (failure.kind, failure.message.clone())
}

#[test]
fn a_body_that_ends_early_says_how_far_it_came() {
    run(async {
        let (kind, message) = failing(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
        assert_eq!((kind, message.as_str()), (FailureKind::Body, "the body ended after 3 of 10 bytes"));
        let (kind, message) = failing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab").await;
        assert_eq!(
            (kind, message.as_str()),
            (FailureKind::Body, "the body ended before it was complete, after 2 bytes")
        );
        let (kind, message) = failing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n").await;
        assert_eq!(kind, FailureKind::Body, "{message}");
        assert!(message.contains("not valid HTTP"), "{message}");
    });
}

#[test]
fn a_connection_closed_without_an_answer_is_a_reset() {
    run(async {
        let (kind, message) = failing(b"").await;
        assert_eq!(kind, FailureKind::Reset);
        assert_eq!(message, "the server closed the connection without a response");
        let (kind, message) = failing(b"HTTP/1.1 200 O").await;
        assert_eq!(kind, FailureKind::Reset);
        assert_eq!(message, "the server closed the connection in the middle of the response's head");
    });
}

#[test]
fn a_reset_is_a_reset() {
    run(async {
        let port = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            // Closing with a linger of zero sends RST instead of FIN.
            stream.set_zero_linger().unwrap();
        })
        .await;
        let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Reset);
        assert_eq!(failure(&exchange).message, "the server reset the connection");
        assert!(exchange.sent_bytes > 0);
    });
}

#[test]
fn what_is_not_http_is_a_protocol_failure() {
    run(async {
        let answers: [&[u8]; 4] = [
            b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
            b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nbad\0header\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        ];
        for answer in answers {
            let (kind, message) = failing(answer).await;
            assert_eq!(kind, FailureKind::Protocol, "{message}");
            assert!(message.contains("HTTP"), "{message}");
        }
    });
}

#[test]
fn an_endless_head_is_refused() {
    run(async {
        let port = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.unwrap();
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
        })
        .await;
        let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Protocol);
        assert!(failure(&exchange).message.contains("too large"), "{:?}", failure(&exchange));
    });
}

#[test]
fn regression_a_whole_head_beyond_the_limit_is_refused_too() {
    run(async {
        let (before, after) = ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ", "\r\n\r\n");
        for (length, fits) in [(256 * 1024, true), (256 * 1024 + 1, false)] {
            let head = format!("{before}{}{after}", "x".repeat(length - before.len() - after.len()));
            let port = listen(move |number, mut stream| {
                let head = head.clone();
                async move {
                    read_request(&mut stream, number).await.unwrap();
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = read_request(&mut stream, number).await;
                }
            })
            .await;
            let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
            assert_eq!(exchange.outcome.is_ok(), fits, "{length}: {:?}", exchange.outcome);
        }
    });
}

#[test]
fn nobody_listening_and_nobody_there() {
    run(async {
        let port = listen(|_, _| async {}).await;
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        assert_ne!(port, free);
        let exchange = fetch(get(&format!("http://127.0.0.1:{free}/"))).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Connect);
        assert_eq!(failure(&exchange).message, format!("connection refused: 127.0.0.1:{free}"));
        assert_eq!((exchange.sent_bytes, exchange.received_bytes), (0, 0));

        let exchange = fetch(get("http://nosuchhost.invalid/")).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Dns);
        assert!(failure(&exchange).message.contains("`nosuchhost.invalid`"), "{:?}", failure(&exchange));
        assert!(exchange.timings.dns.is_some());
    });
}

#[test]
fn a_timeout_says_how_far_the_request_came() {
    run(async {
        let settings = Settings { timeout: Duration::from_millis(200), ..Settings::default() };
        let silent = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
        .await;
        let exchange =
            HttpUser::new().send(get(&format!("http://127.0.0.1:{silent}/")), &transport(settings.clone())).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Timeout);
        assert_eq!(failure(&exchange).message, "no response within 200ms (timeout)");
        assert!(exchange.sent_bytes > 0, "what was sent before the timeout counts");
        let total = exchange.timings.total;
        assert!(total >= Duration::from_millis(200) && total < Duration::from_secs(5), "{total:?}");

        let half = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
        .await;
        let exchange = HttpUser::new().send(get(&format!("http://127.0.0.1:{half}/")), &transport(settings)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Timeout);
        assert_eq!(failure(&exchange).message, "body not complete within 200ms (timeout); 3 bytes had arrived");
        // `HTTP/1.1 200 OK` 17, `content-length: 10` 20, the empty line 2, the body 3.
        assert_eq!(exchange.received_bytes, 42);
        assert!(exchange.timings.first_byte.is_some());
    });
}

#[test]
fn connect_timeout_covers_the_tls_handshake() {
    run(async {
        let settings = Settings { connect_timeout: Duration::from_millis(200), ..Settings::default() };
        let mute = listen(|_, stream| async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(stream);
        })
        .await;
        let exchange = HttpUser::new().send(get(&format!("https://127.0.0.1:{mute}/")), &transport(settings)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Timeout);
        assert_eq!(
            failure(&exchange).message,
            "connected, but the TLS handshake was not complete within 200ms (connect_timeout)"
        );
    });
}

#[test]
fn a_source_address_of_the_other_family_is_told() {
    run(async {
        let settings = Settings { source_address: Some("::1".parse().unwrap()), ..Settings::default() };
        let exchange = HttpUser::new().send(get("http://127.0.0.1:9/"), &transport(settings)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Connect);
        assert!(failure(&exchange).message.contains("source_address"));
    });
}

#[test]
fn equal_causes_have_equal_messages() {
    run(async {
        let (first, second) = (failing(b"").await, failing(b"").await);
        assert_eq!(first, second);
    });
}

#[test]
fn an_answer_that_comes_before_the_upload_is_done_counts() {
    run(async {
        let port = listen(|_, mut stream| async move {
            // The head, and not a byte of the five million that follow.
            let mut start = [0; 100];
            stream.read_exact(&mut start).await.unwrap();
            stream.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\n\r\nlarge").await.unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
        })
        .await;
        let mut upload = request("POST", &format!("http://127.0.0.1:{port}/"));
        upload.body = vec![b'x'; 5_000_000].into();
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        let exchange = user.send(upload, &transport).await;
        assert_eq!((ok(&exchange).status, ok(&exchange).body.as_ref()), (Some(413), &b"large"[..]));
        assert!(exchange.timings.total < Duration::from_secs(4), "{:?}", exchange.timings);
        // The rest of the upload is still stuck in the connection: the next request needs another.
        let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
        assert!(ok(&exchange).status == Some(413) && exchange.timings.connect.is_some());
    });
}

#[test]
fn an_answer_to_an_upload_the_server_cuts_off_is_not_lost() {
    run(async {
        // It answers at once, reads a little and closes: what is still sent is met by a reset.
        let port = listen(|_, mut stream| async move {
            stream
                .write_all(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
                .await
                .unwrap();
            let _ = stream.read(&mut [0; 1000]).await;
        })
        .await;
        for _ in 0..20 {
            let mut upload = request("POST", &format!("http://127.0.0.1:{port}/"));
            upload.body = vec![b'x'; 6_000_000].into();
            assert_eq!(ok(&fetch(upload).await).status, Some(413));
        }
    });
}

#[test]
fn what_an_overloaded_server_says_before_it_is_asked_is_the_answer() {
    run(async {
        let port = listen(|_, mut stream| async move {
            stream.write_all(b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy").await.unwrap();
            // The client may send before or after this; both are met.
            let _ = read_request(&mut stream, 0).await;
        })
        .await;
        for _ in 0..20 {
            let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
            assert_eq!((ok(&exchange).status, &ok(&exchange).body[..]), (Some(503), &b"busy"[..]));
        }
    });
}
