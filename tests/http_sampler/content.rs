//! What comes back: bodies of every shape, encodings, caching, a page's resources.

use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::TRANSFER_ENCODING;
use ::http::{HeaderMap, HeaderValue};
use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{CacheScope, Decompression, HttpUser, Resources, Settings};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{answer, failure, fetch, get, http, listen, ok, raw, read_request, request, run, transport};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    {
        let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, 5, 22);
        encoder.write_all(bytes).unwrap();
    }
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

async fn encoded(encoding: &str, body: Vec<u8>, settings: Settings) -> loadplan::exchange::Exchange {
    let headers = format!("content-encoding: {encoding}\r\n");
    let (port, _) = http(move |_| answer("200 OK", &headers, &body)).await;
    HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &transport(settings)).await
}

#[test]
fn every_encoding_is_decoded_alone_and_stacked() {
    run(async {
        let decompression = Decompression { max_layers: 3, ..Decompression::default() };
        let settings = Settings { decompression, ..Settings::default() };
        let text = "the quick brown fox ".repeat(5000).into_bytes();
        let cases: [(&str, Vec<u8>); 9] = [
            ("gzip", gzip(&text)),
            ("x-gzip", gzip(&text)),
            ("deflate", zlib(&text)),
            ("deflate", deflate(&text)),
            ("br", brotli(&text)),
            ("zstd", zstd(&text)),
            ("identity", text.clone()),
            ("gzip, br", brotli(&gzip(&text))),
            ("zstd, deflate, gzip", gzip(&zlib(&zstd(&text)))),
        ];
        for (encoding, body) in cases {
            let exchange = encoded(encoding, body.clone(), settings.clone()).await;
            let response = ok(&exchange);
            assert!(response.body == text, "{encoding}");
            assert_eq!(response.body_bytes, 100_000, "{encoding}");
            assert!(exchange.received_bytes < (body.len() + 200) as u64, "the wire's bytes count");
        }
    });
}

#[test]
fn broken_encodings_are_body_failures() {
    run(async {
        let text = b"the quick brown fox jumps over the lazy dog".repeat(10);
        let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
        let cases = [
            ("gzip", cut(gzip(&text))),
            ("deflate", cut(zlib(&text))),
            ("deflate", cut(deflate(&text))),
            ("br", cut(brotli(&text))),
            ("zstd", cut(zstd(&text))),
            ("gzip", b"this is not gzip at all".to_vec()),
            ("deflate", b"this is not deflate at all".to_vec()),
            ("br", b"\xFF\xFF\xFF\xFF this is not brotli".to_vec()),
            ("zstd", b"this is not zstd at all".to_vec()),
            ("deflate", b"x".to_vec()),
        ];
        for (number, (encoding, body)) in cases.into_iter().enumerate() {
            let exchange = encoded(encoding, body, Settings::default()).await;
            assert_eq!(failure(&exchange).kind, FailureKind::Body, "{number} {encoding}");
            let expected = format!("the body is not valid `{encoding}` (Content-Encoding)");
            assert_eq!(failure(&exchange).message, expected);
        }
    });
}

#[test]
fn unknown_encodings_empty_bodies_and_heads_are_left_alone() {
    run(async {
        assert_eq!(ok(&encoded("rot13", b"uryyb".to_vec(), Settings::default()).await).body, "uryyb");
        assert_eq!(ok(&encoded("gzip", Vec::new(), Settings::default()).await).body, "");
        let (port, log) =
            http(|_| b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 99\r\n\r\n".to_vec()).await;
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        for _ in 0..2 {
            let exchange = user.send(request("HEAD", &format!("http://127.0.0.1:{port}/")), &transport).await;
            assert_eq!(ok(&exchange).body_bytes, 0);
        }
        assert_eq!(log.connections(), [0, 0]);
    });
}

#[test]
fn a_bomb_is_counted_and_not_kept() {
    run(async {
        // 64 MiB of zeros in a few dozen kB.
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        let settings = Settings { max_body: 1000, ..Settings::default() };
        let exchange = encoded("gzip", bomb, settings).await;
        let response = ok(&exchange);
        assert_eq!((response.body.len(), response.body_bytes), (1000, 64 * 1024 * 1024));
        assert!(response.truncated());
    });
}

#[test]
fn a_long_body_is_kept_as_far_as_max_body_and_the_connection_stays() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "", "0123456789".repeat(50_000))).await;
        let user = HttpUser::new();
        let transport = transport(Settings { max_body: 15, ..Settings::default() });
        for _ in 0..2 {
            let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
            assert_eq!(ok(&exchange).body, "012345678901234");
            assert_eq!(ok(&exchange).body_bytes, 500_000);
        }
        let mut drained = get(&format!("http://127.0.0.1:{port}/"));
        drained.keep_body = false;
        let exchange = user.send(drained, &transport).await;
        assert_eq!((ok(&exchange).body.len(), ok(&exchange).body_bytes), (0, 500_000));
        assert_eq!(log.connections(), [0, 0, 0]);
    });
}

#[test]
fn bodies_of_every_shape() {
    run(async {
        let whole: [(&'static [u8], &[u8]); 5] = [
            (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
            (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            (b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", b"ok"),
            (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        ];
        for (bytes, body) in whole {
            let port = raw(bytes).await;
            let exchange = fetch(get(&format!("http://127.0.0.1:{port}/"))).await;
            assert_eq!(ok(&exchange).body, body);
            assert_eq!(exchange.received_bytes, bytes.len() as u64);
        }
    });
}

#[test]
fn fresh_answers_come_from_the_cache_and_stale_ones_are_asked_about() {
    run(async {
        let version = Cell::new(0);
        let (port, log) = http(move |seen| match seen.path() {
            "/fresh" => answer("200 OK", "cache-control: max-age=60\r\n", "kept"),
            "/never" => answer("200 OK", "cache-control: no-store, max-age=60\r\n", "new"),
            _ if seen.header("if-none-match") == Some("\"v0\"") && version.get() == 0 => {
                version.set(1);
                b"HTTP/1.1 304 Not Modified\r\netag: \"v0\"\r\nx-renewed: yes\r\n\r\n".to_vec()
            }
            _ => answer("200 OK", &format!("etag: \"v{}\"\r\n", version.get()), format!("body {}", version.get())),
        })
        .await;
        let user = HttpUser::new();
        let transport = transport(Settings { cache: CacheScope::Iteration, ..Settings::default() });
        let send = |path: &str| {
            let request = get(&format!("http://127.0.0.1:{port}{path}"));
            let (user, transport) = (&user, &transport);
            async move { user.send(request, transport).await }
        };

        assert!(!send("/fresh").await.cached);
        let again = send("/fresh").await;
        assert!(again.cached);
        assert_eq!(ok(&again).body, "kept");
        assert_eq!((again.sent_bytes, again.received_bytes, again.timings.first_byte), (0, 0, None));
        assert_eq!(log.len(), 1);

        send("/never").await;
        assert!(!send("/never").await.cached);
        assert_eq!(log.len(), 3);

        assert_eq!(ok(&send("/tag").await).body, "body 0");
        let renewed = send("/tag").await;
        assert_eq!((ok(&renewed).status, ok(&renewed).body.as_ref()), (Some(200), &b"body 0"[..]));
        assert_eq!(ok(&renewed).header("x-renewed"), Some("yes"));
        assert!(!renewed.cached && renewed.sent_bytes > 0);
        assert_eq!(ok(&send("/tag").await).body, "body 1");

        // A change made through the same URL, and a new iteration, forget it.
        user.send(request("POST", &format!("http://127.0.0.1:{port}/fresh")), &transport).await;
        assert!(!send("/fresh").await.cached);
        assert!(send("/fresh").await.cached);
        user.start_iteration();
        assert!(!send("/fresh").await.cached);
    });
}

#[test]
fn a_pages_resources_belong_to_its_time() {
    run(async {
        let (port, log) = http(|seen| match seen.path() {
            "/" => answer(
                "200 OK",
                "content-type: text/html; charset=utf-8\r\n",
                "<img src=a.png><script src='/b.js'></script><link rel=stylesheet href=c.css><img src=a.png>",
            ),
            "/b.js" => answer("302 Found", "location: /moved.js\r\n", ""),
            _ => answer("200 OK", "", "x"),
        })
        .await;
        let mut page = get(&format!("http://127.0.0.1:{port}/"));
        page.resources = Some(Resources { parallel: 2, max: 500 });
        let exchange = fetch(page.clone()).await;
        assert!(ok(&exchange).text().starts_with("<img"));
        let mut paths: Vec<_> = (0..log.len()).map(|index| log.get(index).path().to_owned()).collect();
        paths.sort();
        assert_eq!(paths, ["/", "/a.png", "/b.js", "/c.css", "/moved.js"]);
        let sent: usize = (0..5).map(|index| log.get(index).head.len()).sum();
        assert_eq!(exchange.sent_bytes, sent as u64);
        assert!(log.connections().iter().all(|connection| *connection < 2), "{:?}", log.connections());

        page.keep_body = false;
        assert!(ok(&fetch(page).await).body.is_empty());
        assert_eq!(log.len(), 10);
    });
}

#[test]
fn a_missing_resource_fails_the_page() {
    run(async {
        let (port, _) = http(|seen| match seen.path() {
            "/" => answer("200 OK", "content-type: text/html\r\n", "<img src=/img/gone.png?x>"),
            _ => answer("404 Not Found", "", ""),
        })
        .await;
        let mut page = get(&format!("http://127.0.0.1:{port}/"));
        page.resources = Some(Resources { parallel: 6, max: 500 });
        let exchange = fetch(page).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Status);
        assert_eq!(failure(&exchange).message, "the page's resource `/img/gone.png`: status 404");
    });
}

#[test]
fn a_resource_that_hangs_counts_against_the_pages_timeout() {
    run(async {
        let (port, _) = http(|seen| match seen.path() {
            "/" => answer("200 OK", "content-type: text/html\r\n", "<img src=/slow>"),
            _ => Vec::new(),
        })
        .await;
        let mut page = get(&format!("http://127.0.0.1:{port}/"));
        page.resources = Some(Resources { parallel: 6, max: 500 });
        let settings = Settings { timeout: Duration::from_millis(300), ..Settings::default() };
        let exchange = HttpUser::new().send(page, &transport(settings)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Timeout);
        assert_eq!(failure(&exchange).message, "the page's resources not complete within 300ms (timeout)");
    });
}

#[test]
fn an_answer_may_come_byte_by_byte() {
    run(async {
        let answers: [&[u8]; 3] = [
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nx-empty:\r\n\r\nabcde",
        ];
        for answer in answers {
            let port = listen(move |number, mut stream| async move {
                stream.set_nodelay(true).unwrap();
                while read_request(&mut stream, number).await.is_some() {
                    for byte in answer {
                        stream.write_all(&[*byte]).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                    if !answer.starts_with(b"HTTP/1.1 100") && !answer.ends_with(b"\r\n") {
                        break;
                    }
                }
            })
            .await;
            let user = HttpUser::new();
            let transport = transport(Settings::default());
            for _ in 0..2 {
                let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
                assert_eq!(ok(&exchange).body, b"abcde"[..]);
                assert_eq!((exchange.received_bytes, exchange.reconnects), (answer.len() as u64, 0));
            }
        }
    });
}

#[test]
fn an_answer_nobody_asked_for_costs_the_connection() {
    run(async {
        let port = listen(|number, mut stream| async move {
            while read_request(&mut stream, number).await.is_some() {
                let twice =
                    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(twice).await.unwrap();
            }
        })
        .await;
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        for reconnects in [0, 1] {
            let exchange = user.send(get(&format!("http://127.0.0.1:{port}/")), &transport).await;
            assert_eq!((ok(&exchange).status, ok(&exchange).body.as_ref()), (Some(200), &b"ok"[..]));
            assert_eq!(exchange.reconnects, reconnects);
        }
    });
}

#[test]
fn an_upload_may_be_chunked_and_long() {
    run(async {
        let body = "0123456789".repeat(200_000);
        let port = listen(|_, mut stream| async move {
            let mut came = Vec::new();
            while !came.ends_with(b"\r\n0\r\n\r\n") {
                if stream.read_buf(&mut came).await.unwrap() == 0 {
                    return;
                }
            }
            let head = came.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
            let text = String::from_utf8_lossy(&came[..head]).into_owned();
            let good = text.contains("Transfer-Encoding: chunked\r\n") && !text.contains("Content-Length");
            let chunk = &came[head..];
            let good = good && chunk.starts_with(b"1E8480\r\n0123") && chunk.len() == 2_000_000 + 8 + 7;
            let status = if good { "200 OK" } else { "400 Bad" };
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
        })
        .await;
        let mut upload = request("POST", &format!("http://127.0.0.1:{port}/"));
        upload.headers =
            Arc::new(HeaderMap::from_iter([(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))]).into());
        upload.body = body.into();
        let exchange = fetch(upload).await;
        assert_eq!(ok(&exchange).status, Some(200));
        assert!(exchange.sent_bytes > 2_000_000);
    });
}
