//! Reusing connections, losing them, and what the clock says.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{Connections, HttpUser, HttpVersion, Settings};
use tokio::io::AsyncWriteExt;

use crate::support::{answer, failure, get, http, listen, ok, read_request, request, run, transport};

#[test]
fn the_clock_stops_at_the_last_byte_of_the_body() {
    run(async {
        let port = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n").await.unwrap();
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                stream.write_all(b"x").await.unwrap();
            }
        })
        .await;
        let exchange =
            HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &transport(Settings::default())).await;
        let response = ok(&exchange);
        assert_eq!(response.body, "xxxxxxxxxx");
        let timings = exchange.timings;
        assert!(timings.total >= Duration::from_millis(500), "{timings:?}");
        assert!(timings.first_byte.unwrap() < Duration::from_millis(250), "{timings:?}");
        assert!(timings.download.unwrap() >= Duration::from_millis(450), "{timings:?}");
        assert_eq!(response.response_time, timings.total);
        assert_eq!(response.first_byte, timings.first_byte.unwrap());
        // An address needs no name server; http needs no TLS.
        assert_eq!((timings.dns, timings.tls), (None, None));
        assert!(timings.connect.is_some());
        let parts = timings.connect.unwrap() + timings.first_byte.unwrap() + timings.download.unwrap();
        assert!(parts <= timings.total, "{timings:?}");
    });
}

#[test]
fn a_user_keeps_its_connection_and_shares_it_with_nobody() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "", "hello")).await;
        let url = format!("http://127.0.0.1:{port}/");
        let transport = transport(Settings::default());
        let (ann, bob) = (HttpUser::new(), HttpUser::new());
        for _ in 0..3 {
            let exchange = ann.send(get(&url), &transport).await;
            assert_eq!(ok(&exchange).body, "hello");
            assert_eq!(exchange.reconnects, 0);
        }
        let exchange = ann.send(get(&url), &transport).await;
        assert_eq!(exchange.timings.connect, None, "a kept connection needs no handshake");
        bob.send(get(&url), &transport).await;
        assert_eq!(log.connections(), [0, 0, 0, 0, 1]);
    });
}

#[test]
fn bytes_are_counted_exactly() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "x-y: z\r\n", "hello")).await;
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        for index in 0..2 {
            let mut post = request("POST", &format!("http://127.0.0.1:{port}/path"));
            post.body = "12345678".into();
            let exchange = user.send(post, &transport).await;
            let seen = log.get(index);
            assert_eq!(exchange.sent_bytes, (seen.head.len() + 8) as u64);
            assert_eq!(exchange.received_bytes, answer("200 OK", "x-y: z\r\n", "hello").len() as u64);
        }
    });
}

#[test]
fn connections_may_last_an_iteration_or_a_request() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "", "")).await;
        let url = format!("http://127.0.0.1:{port}/");
        let user = HttpUser::new();
        let iteration = transport(Settings { connections: Connections::Iteration, ..Settings::default() });
        user.send(get(&url), &iteration).await;
        user.send(get(&url), &iteration).await;
        user.start_iteration();
        user.send(get(&url), &iteration).await;
        assert_eq!(log.connections(), [0, 0, 1]);

        let each = transport(Settings { connections: Connections::Request, ..Settings::default() });
        let exchange = user.send(get(&url), &each).await;
        assert!(exchange.timings.connect.is_some());
        user.send(get(&url), &each).await;
        assert_eq!(log.connections(), [0, 0, 1, 2, 3]);
        assert_eq!(log.get(4).header("connection"), Some("close"));
        assert_eq!(log.get(0).header("connection"), None);
    });
}

#[test]
fn an_idle_connection_the_server_closed_is_replaced_silently() {
    run(async {
        // Every connection serves one request, announces keep-alive and closes a little later.
        let port = listen(|number, mut stream| async move {
            read_request(&mut stream, number).await.unwrap();
            stream.write_all(&answer("200 OK", "", number.to_string())).await.unwrap();
            tokio::time::sleep(Duration::from_millis(30)).await;
        })
        .await;
        let url = format!("http://127.0.0.1:{port}/");
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        assert_eq!(ok(&user.send(get(&url), &transport).await).body, "0");
        tokio::time::sleep(Duration::from_millis(200)).await;
        // A POST too: nothing was sent on the old connection.
        let exchange = user.send(request("POST", &url), &transport).await;
        assert_eq!(ok(&exchange).body, "1");
        assert_eq!(exchange.reconnects, 1);
    });
}

/// Serves one request per connection; the second one is read and answered by closing.
async fn closes_on_the_second_request() -> u16 {
    listen(|number, mut stream| async move {
        read_request(&mut stream, number).await.unwrap();
        stream.write_all(&answer("200 OK", "", number.to_string())).await.unwrap();
        read_request(&mut stream, number).await;
    })
    .await
}

#[test]
fn a_request_lost_to_the_keep_alive_race_is_sent_again_if_that_does_no_harm() {
    run(async {
        let transport = transport(Settings::default());
        for method in ["GET", "OPTIONS"] {
            let url = format!("http://127.0.0.1:{}/", closes_on_the_second_request().await);
            let user = HttpUser::new();
            user.send(get(&url), &transport).await;
            let exchange = user.send(request(method, &url), &transport).await;
            assert_eq!(ok(&exchange).body, "1", "{method}");
            assert_eq!(exchange.reconnects, 1);
        }
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let url = format!("http://127.0.0.1:{}/", closes_on_the_second_request().await);
            let user = HttpUser::new();
            user.send(get(&url), &transport).await;
            let exchange = user.send(request(method, &url), &transport).await;
            assert_eq!(failure(&exchange).kind, FailureKind::Reset, "{method}");
            assert_eq!(exchange.reconnects, 0);
        }
    });
}

#[test]
fn a_new_connection_that_dies_is_not_tried_again() {
    run(async {
        let connections = Rc::new(Cell::new(0));
        let counted = Rc::clone(&connections);
        let port = listen(move |number, mut stream| {
            counted.set(number + 1);
            async move {
                read_request(&mut stream, number).await;
            }
        })
        .await;
        let exchange =
            HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &transport(Settings::default())).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Reset);
        assert_eq!(connections.get(), 1);
    });
}

#[test]
fn connections_the_server_says_it_closes_are_not_kept() {
    run(async {
        for head in ["HTTP/1.1 200 OK\r\nconnection: close\r\n", "HTTP/1.0 200 OK\r\n"] {
            let (port, log) = http(move |_| format!("{head}content-length: 2\r\n\r\nok").into_bytes()).await;
            let user = HttpUser::new();
            let transport = transport(Settings::default());
            for _ in 0..2 {
                let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
                assert_eq!((ok(&exchange).body.as_ref(), exchange.reconnects), (&b"ok"[..], 0));
            }
            assert_eq!(log.connections(), [0, 1], "{head}");
        }
    });
}

#[test]
fn an_interrupted_request_takes_its_connection_with_it() {
    run(async {
        let (port, log) = http(|seen| {
            // Half an answer for the first request: a reused connection would serve the rest.
            let whole = answer("200 OK", "", seen.connection.to_string().repeat(10));
            if seen.path() == "/half" { whole[..whole.len() - 5].to_vec() } else { whole }
        })
        .await;
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        let half = get(&format!("http://127.0.0.1:{port}/half"));
        let cut = tokio::time::timeout(Duration::from_millis(150), user.send(half, &transport)).await;
        assert!(cut.is_err());
        let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
        assert_eq!(ok(&exchange).body, "1111111111");
        assert_eq!(log.connections(), [0, 1]);
    });
}

#[test]
fn requests_at_the_same_time_use_several_connections_and_all_are_kept() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "", "ok")).await;
        let url = format!("http://127.0.0.1:{port}/");
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        for _ in 0..2 {
            let (one, two, three) = tokio::join!(
                user.send(get(&url), &transport),
                user.send(get(&url), &transport),
                user.send(get(&url), &transport)
            );
            for exchange in [one, two, three] {
                assert_eq!(ok(&exchange).body, "ok");
            }
        }
        let mut connections = log.connections();
        connections.sort_unstable();
        assert_eq!(connections, [0, 0, 1, 1, 2, 2]);
    });
}

#[test]
fn overrides_and_source_addresses() {
    run(async {
        let remote = Rc::new(Cell::new(None));
        let noted = Rc::clone(&remote);
        let port = listen(move |number, mut stream| {
            noted.set(Some(stream.peer_addr().unwrap().ip()));
            async move {
                let seen = read_request(&mut stream, number).await.unwrap();
                let host = seen.header("host").unwrap().to_owned();
                stream.write_all(&answer("200 OK", "", host)).await.unwrap();
            }
        })
        .await;
        // Only Linux has all of 127.0.0.0/8 on its loopback.
        let source = if cfg!(target_os = "linux") { "127.0.0.3" } else { "127.0.0.1" };
        let settings = Settings {
            resolve: vec![("shop.test".to_owned(), format!("127.0.0.1:{port}"))],
            source_address: Some(source.parse().unwrap()),
            version: HttpVersion::Http1,
            ..Settings::default()
        };
        let exchange = HttpUser::new().send(get("http://shop.test/"), &transport(settings)).await;
        assert_eq!(ok(&exchange).body, "shop.test");
        assert_eq!(exchange.timings.dns, None);
        assert_eq!(remote.get(), Some(source.parse().unwrap()));
    });
}

#[test]
fn localhost_is_looked_up_and_tried_address_by_address() {
    run(async {
        let (port, _) = http(|_| answer("200 OK", "", "ok")).await;
        let exchange =
            HttpUser::new().send(get(&format!("http://localhost:{port}/")), &transport(Settings::default())).await;
        assert_eq!(ok(&exchange).body, "ok");
        assert!(exchange.timings.dns.is_some());
    });
}
