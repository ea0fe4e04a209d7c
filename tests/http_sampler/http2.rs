//! HTTP/2: agreed on, shared, lost and refused.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{HttpUser, HttpVersion, Settings, TlsSettings};
use tokio::net::TcpStream;

use crate::secure::{Authority, acceptor, https, with_tls};
use crate::support::{Log, answer, failure, get, http, listen, ok, request, run, serve, transport};

/// What an HTTP/2 server has seen: connection number, version, URI, host header, body.
type Requests = Rc<RefCell<Vec<(usize, http::Uri, Option<String>, Vec<u8>)>>>;

#[derive(Clone, Copy)]
struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

async fn serve_http2(
    io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
    number: usize,
    log: Requests,
) {
    let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let log = Rc::clone(&log);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            let host = parts.headers.get("host").map(|host| host.to_str().unwrap().to_owned());
            log.borrow_mut().push((number, parts.uri, host, body));
            // Long enough for requests to meet on the connection.
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok::<_, Infallible>(http::Response::new(Full::new(bytes::Bytes::from_static(b"second"))))
        }
    });
    let _ = hyper::server::conn::http2::Builder::new(Local).serve_connection(TokioIo::new(io), service).await;
}

#[test]
fn http2_is_agreed_on_and_shared_by_requests_at_the_same_time() {
    run(async {
        let authority = Authority::new();
        let (certificate, key) = authority.server("127.0.0.1");
        let acceptor = acceptor(certificate, &key, &["h2", "http/1.1"], None);
        let log = Requests::default();
        let seen = Rc::clone(&log);
        let port = listen(move |number, stream| {
            let (acceptor, log) = (acceptor.clone(), Rc::clone(&seen));
            async move {
                let tls = acceptor.accept(stream).await.unwrap();
                if tls.get_ref().1.alpn_protocol() == Some(b"h2") {
                    serve_http2(tls, number, log).await;
                } else {
                    serve(tls, number, Log::default(), |_| answer("200 OK", "", "first")).await;
                }
            }
        })
        .await;
        let url = format!("https://127.0.0.1:{port}/x?y");
        let tls = TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() };
        let auto = with_tls(tls.clone());
        let user = HttpUser::new();
        let mut post = request("POST", &url);
        post.body = "payload".into();
        let (one, two, three) =
            tokio::join!(user.send(get(&url), &auto), user.send(post, &auto), user.send(get(&url), &auto));
        for exchange in [&one, &two, &three] {
            assert_eq!((ok(exchange).version, ok(exchange).body.as_ref()), ("HTTP/2", &b"second"[..]));
        }
        assert!(one.timings.tls.is_some() && two.timings.tls.is_none());
        let exchange = user.send(get(&url), &auto).await;
        assert_eq!((ok(&exchange).version, exchange.timings.connect), ("HTTP/2", None));
        assert!(exchange.sent_bytes > 0 && exchange.received_bytes > 0);
        let requests = log.take();
        assert_eq!(requests.iter().map(|request| request.0).collect::<Vec<_>>(), [0, 0, 0, 0]);
        assert_eq!(requests[0].1.to_string(), url);
        assert!(requests.iter().any(|request| request.3 == b"payload"));

        let first = transport(Settings { tls, version: HttpVersion::Http1, ..Settings::default() });
        assert_eq!(ok(&HttpUser::new().send(get(&url), &first).await).version, "HTTP/1.1");
    });
}

#[test]
fn http2_with_prior_knowledge_and_a_server_that_does_not_have_it() {
    run(async {
        let log = Requests::default();
        let seen = Rc::clone(&log);
        let port = listen(move |number, stream| serve_http2(stream, number, Rc::clone(&seen))).await;
        let second = transport(Settings { version: HttpVersion::Http2, ..Settings::default() });
        let mut own_host = get(&format!("http://127.0.0.1:{port}/"));
        own_host.extra_headers.push((http::header::HOST, "shop.test".parse().unwrap()));
        let exchange = HttpUser::new().send(own_host, &second).await;
        assert_eq!((ok(&exchange).version, ok(&exchange).body.as_ref()), ("HTTP/2", &b"second"[..]));
        assert_eq!(log.borrow()[0].1.host(), Some("shop.test"));
        assert_eq!(log.borrow()[0].2, None);

        let (port, _) = http(|_| answer("200 OK", "", "")).await;
        let exchange = HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &second).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Protocol);
        assert!(failure(&exchange).message.contains("is not valid HTTP/2"), "{:?}", failure(&exchange));

        let authority = Authority::new();
        let (certificate, key) = authority.server("127.0.0.1");
        let (port, _) = https(acceptor(certificate, &key, &[], None)).await;
        let tls = TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() };
        let second = transport(Settings { tls, version: HttpVersion::Http2, ..Settings::default() });
        let exchange = HttpUser::new().send(get(&format!("https://127.0.0.1:{port}/")), &second).await;
        assert_eq!(failure(&exchange).message, "the server does not offer HTTP/2 on this port (`version: 2`)");
    });
}

#[test]
fn a_lost_http2_connection_is_replaced() {
    run(async {
        let port = listen(|number, stream| async move {
            let served = serve_http2(stream, number, Requests::default());
            // The first connection lives 200 ms.
            let _ = tokio::time::timeout(Duration::from_millis(if number == 0 { 200 } else { 10_000 }), served).await;
        })
        .await;
        let second = transport(Settings { version: HttpVersion::Http2, ..Settings::default() });
        let user = HttpUser::new();
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(ok(&user.send(get(&url), &second).await).status, Some(200));
        tokio::time::sleep(Duration::from_millis(400)).await;
        let exchange = user.send(get(&url), &second).await;
        assert_eq!(ok(&exchange).status, Some(200));
        assert!(exchange.timings.connect.is_some());
    });
}

fn second() -> std::sync::Arc<loadplan::protocols::http::client::Transport> {
    transport(Settings { version: HttpVersion::Http2, ..Settings::default() })
}

/// Serves the requests of one connection; `refuse` tells which of them is turned away with what.
async fn picky(stream: TcpStream, refuse: impl Fn() -> Option<h2::Reason>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        match refuse() {
            Some(reason) => respond.send_reset(reason),
            None => {
                let response = http::Response::builder().status(200).body(()).unwrap();
                let mut body = respond.send_response(response, false).unwrap();
                body.send_data(Bytes::from_static(b"taken"), true).unwrap();
            }
        }
    }
}

#[test]
fn a_refused_stream_is_sent_again_whatever_the_method() {
    run(async {
        let seen = Rc::new(Cell::new(0));
        let count = Rc::clone(&seen);
        let port = listen(move |_, stream| {
            let count = Rc::clone(&count);
            picky(stream, move || {
                count.set(count.get() + 1);
                (count.get() == 2).then_some(h2::Reason::REFUSED_STREAM)
            })
        })
        .await;
        let user = HttpUser::new();
        let transport = second();
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(ok(&user.send(get(&url), &transport).await).body, "taken");
        let exchange = user.send(request("POST", &url), &transport).await;
        assert_eq!((ok(&exchange).body.as_ref(), exchange.reconnects), (&b"taken"[..], 1));
        assert_eq!(seen.get(), 3);
    });
}

#[test]
fn a_stream_that_fails_is_a_failure_and_leaves_the_connection() {
    run(async {
        let connections = Rc::new(Cell::new(0));
        let count = Rc::clone(&connections);
        let port = listen(move |number, stream| {
            count.set(number + 1);
            let served = Cell::new(0);
            picky(stream, move || {
                served.set(served.get() + 1);
                (served.get() == 2).then_some(h2::Reason::INTERNAL_ERROR)
            })
        })
        .await;
        let user = HttpUser::new();
        let transport = second();
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(ok(&user.send(get(&url), &transport).await).status, Some(200));
        let exchange = user.send(get(&url), &transport).await;
        assert_eq!((failure(&exchange).kind, exchange.reconnects), (FailureKind::Reset, 0));
        assert_eq!(ok(&user.send(get(&url), &transport).await).status, Some(200));
        assert_eq!(connections.get(), 1);
    });
}

#[test]
fn a_server_that_says_goodbye_is_connected_to_again() {
    run(async {
        let connections = Rc::new(Cell::new(0));
        let count = Rc::clone(&connections);
        let port = listen(move |number, stream| {
            count.set(number + 1);
            async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let response = http::Response::builder().status(200).body(()).unwrap();
                    respond.send_response(response, true).unwrap();
                    connection.graceful_shutdown();
                }
            }
        })
        .await;
        let user = HttpUser::new();
        let transport = second();
        for _ in 0..3 {
            let exchange = user.send(request("POST", &format!("http://127.0.0.1:{port}/")), &transport).await;
            assert_eq!(ok(&exchange).status, Some(200));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(connections.get(), 3);
    });
}
