//! HTTP/2 servers written frame by frame: bodies that are cut, requests that were not touched.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{HttpUser, HttpVersion, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{failure, get, listen, ok, request, run, transport};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const NO_ERROR: [u8; 4] = [0; 4];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `:status: 200`, and the length if there is one (RFC 7541: static entries 8 and 28).
fn head(stream: u32, length: Option<&str>) -> Vec<u8> {
    let mut block = vec![0x88];
    if let Some(length) = length {
        block.extend([0x0F, 0x0D, length.len() as u8]);
        block.extend(length.as_bytes());
    }
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn whole(stream: u32) -> Vec<u8> {
    [head(stream, None), frame(DATA, END_STREAM, stream, b"taken")].concat()
}

/// Greets a client.
async fn greet(stream: &mut TcpStream) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    stream.write_all(&[frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, 1, 0, &[])].concat()).await.ok()
}

/// The number of the stream that the next request comes on.
async fn next_request(stream: &mut TcpStream) -> Option<u32> {
    loop {
        let mut start = [0; 9];
        stream.read_exact(&mut start).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, start[0], start[1], start[2]]) as usize];
        stream.read_exact(&mut payload).await.ok()?;
        if start[3] == HEADERS {
            return Some(u32::from_be_bytes([start[5], start[6], start[7], start[8]]));
        }
    }
}

fn second() -> std::sync::Arc<loadplan::protocols::http::client::Transport> {
    transport(Settings { version: HttpVersion::Http2, ..Settings::default() })
}

/// What a request comes to whose answer are these frames.
async fn answered(frames: Vec<u8>) -> loadplan::exchange::Exchange {
    let port = listen(move |_, mut stream| {
        let frames = frames.clone();
        async move {
            let _ = greet(&mut stream).await;
            while next_request(&mut stream).await.is_some() {
                stream.write_all(&frames).await.unwrap();
            }
        }
    })
    .await;
    HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &second()).await
}

#[test]
fn regression_x4_a_body_shorter_than_its_length_is_cut_however_it_ends() {
    // RFC 9113 §8.1.1: a Content-Length that is not the sum of the DATA frames is malformed.
    let part = |flags| frame(DATA, flags, 1, b"part");
    let cases = [
        [part(0), frame(RST_STREAM, 0, 1, &NO_ERROR)].concat(),
        [part(0), frame(DATA, END_STREAM, 1, b"")].concat(),
        part(END_STREAM),
        [frame(DATA, 0, 1, b"pa"), frame(DATA, END_STREAM, 1, b"rt")].concat(),
        // Padding is not a part of the body (§6.1).
        frame(DATA, END_STREAM | 8, 1, b"\x03part\0\0\0"),
        // Trailers end the body too.
        [part(0), frame(HEADERS, END_STREAM | END_HEADERS, 1, &[0x00, 0x01, b'x', 0x01, b'y'])].concat(),
    ];
    run(async move {
        for (index, frames) in cases.into_iter().enumerate() {
            let exchange = answered([head(1, Some("10")), frames].concat()).await;
            assert_eq!(failure(&exchange).kind, FailureKind::Body, "case {index}");
            assert_eq!(failure(&exchange).message, "the body ended after 4 of 10 bytes", "case {index}");
        }
        let exchange = answered([head(1, Some("2")), frame(DATA, END_STREAM, 1, b"part")].concat()).await;
        let message = "the body does not have the 2 bytes that Content-Length announces";
        assert_eq!((failure(&exchange).kind, failure(&exchange).message.as_str()), (FailureKind::Body, message));
    });
}

#[test]
fn a_reset_before_the_end_of_a_body_without_length_is_a_cut_body() {
    run(async {
        // RFC 9113 §8.1: NO_ERROR may follow a whole answer, and whole is what has END_STREAM.
        let exchange =
            answered([head(1, None), frame(DATA, 0, 1, b"part"), frame(RST_STREAM, 0, 1, &NO_ERROR)].concat()).await;
        assert_eq!(failure(&exchange).message, "the body ended before it was complete, after 4 bytes");
        let exchange = answered([whole(1), frame(RST_STREAM, 0, 1, &NO_ERROR)].concat()).await;
        assert_eq!(ok(&exchange).body, "taken");
    });
}

#[test]
fn regression_x5_what_goaway_leaves_out_is_sent_again_whatever_the_method() {
    run(async {
        // RFC 9113 §6.8, §8.7: nothing acted on streams above last_stream_id, whatever the reason.
        for reason in [0_u32, 11] {
            let count = Rc::new(Cell::new(0));
            let connections = Rc::clone(&count);
            let port = listen(move |number, mut stream| {
                connections.set(number + 1);
                async move {
                    let _ = greet(&mut stream).await;
                    while let Some(id) = next_request(&mut stream).await {
                        if number == 0 && id > 1 {
                            let goaway = frame(GOAWAY, 0, 0, &[1_u32.to_be_bytes(), reason.to_be_bytes()].concat());
                            stream.write_all(&goaway).await.unwrap();
                            return;
                        }
                        stream.write_all(&whole(id)).await.unwrap();
                    }
                }
            })
            .await;
            let (user, transport) = (HttpUser::new(), second());
            let url = format!("http://127.0.0.1:{port}/");
            assert_eq!(ok(&user.send(request("POST", &url), &transport).await).status, Some(200));
            // Several at the same time, as in `parallel`.
            let [one, two, three] = ["POST", "PUT", "PATCH"].map(|method| request(method, &url));
            let (one, two, three) =
                tokio::join!(user.send(one, &transport), user.send(two, &transport), user.send(three, &transport));
            for exchange in [&one, &two, &three] {
                assert_eq!(ok(exchange).body, "taken");
                assert_eq!(exchange.reconnects, 1);
            }
            assert!(count.get() >= 2);
        }
    });
}

#[test]
fn a_fresh_connection_may_say_goodbye_too_but_not_for_ever() {
    run(async {
        for (goodbyes, passes) in [(1, true), (3, true), (usize::MAX, false)] {
            let count = Rc::new(Cell::new(0));
            let connections = Rc::clone(&count);
            let port = listen(move |number, mut stream| {
                connections.set(number + 1);
                async move {
                    let _ = greet(&mut stream).await;
                    if let Some(id) = next_request(&mut stream).await {
                        let goaway = frame(GOAWAY, 0, 0, &[0; 8]);
                        let frames = if number < goodbyes { goaway } else { whole(id) };
                        stream.write_all(&frames).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            })
            .await;
            let exchange = HttpUser::new().send(request("POST", &format!("http://127.0.0.1:{port}/")), &second()).await;
            if passes {
                assert_eq!((ok(&exchange).body.as_ref(), count.get()), (&b"taken"[..], goodbyes + 1));
            } else {
                assert_eq!(failure(&exchange).message, "the server refused the request (HTTP/2 GOAWAY)");
                assert_eq!(count.get(), 4);
            }
        }
    });
}

#[test]
fn what_http2_refuses_is_told_in_the_words_of_http1() {
    run(async {
        // RFC 7541 §6.2.2: literals without indexing; 6 MB of them are far over the 256 KiB that are taken.
        let header = [&[0x00, 0x03][..], b"x-a", &[0x7F, 0x81, 0x7E], &[b'v'; 16_256][..]].concat();
        let mut frames = frame(HEADERS, 0, 1, &[0x88]);
        for _ in 0..400 {
            frames.extend(frame(9, 0, 1, &header));
        }
        frames.extend(frame(9, END_HEADERS, 1, &[]));
        let exchange = answered([frames, frame(DATA, END_STREAM, 1, b"x")].concat()).await;
        let message = &failure(&exchange).message;
        assert!(message.contains("the head of the response is too large"), "{message}");
        // RFC 9113 §7: a GOAWAY says why.
        let port = listen(|_, mut stream| async move {
            let _ = greet(&mut stream).await;
            let _ = next_request(&mut stream).await;
            let goaway = frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 12]);
            stream.write_all(&goaway).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        })
        .await;
        let exchange = HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &second()).await;
        let message = &failure(&exchange).message;
        assert!(message.contains("GOAWAY with INADEQUATE_SECURITY"), "{message}");
    });
}

#[test]
fn regression_d9_a_connection_whose_request_timed_out_takes_no_more() {
    run(async {
        // The first connection falls silent after one response, the second one works.
        let opened = Rc::new(Cell::new(0));
        let count = Rc::clone(&opened);
        let port = listen(move |number, mut stream| {
            count.set(number + 1);
            async move {
                let _ = greet(&mut stream).await;
                let mut answered = 0;
                while let Some(id) = next_request(&mut stream).await {
                    if number > 0 || answered == 0 {
                        stream.write_all(&whole(id)).await.unwrap();
                    }
                    answered += 1;
                }
            }
        })
        .await;
        let url = format!("http://127.0.0.1:{port}/");
        let settings = Settings { version: HttpVersion::Http2, timeout: Duration::from_secs(1), ..Settings::default() };
        let (user, transport) = (HttpUser::new(), transport(settings));
        ok(&user.send(get(&url), &transport).await);
        assert_eq!(failure(&user.send(get(&url), &transport).await).kind, FailureKind::Timeout);
        for _ in 0..3 {
            ok(&user.send(get(&url), &transport).await);
        }
        assert_eq!(opened.get(), 2);
    });
}

#[test]
fn regression_d31_a_server_begins_with_settings() {
    run(async {
        let port = listen(|_, mut stream| async move {
            let mut preface = [0; 24];
            let _ = stream.read_exact(&mut preface).await;
            // RFC 9113 §3.4: SETTINGS is the first frame a server sends.
            let _ = stream.write_all(&[frame(6, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])].concat()).await;
            if let Some(id) = next_request(&mut stream).await {
                let _ = stream.write_all(&whole(id)).await;
            }
            let _ = stream.read(&mut [0; 1000]).await;
        })
        .await;
        let exchange = HttpUser::new().send(get(&format!("http://127.0.0.1:{port}/")), &second()).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Protocol);
        assert!(failure(&exchange).message.contains("an HTTP/2 server must begin with a SETTINGS frame"));
    });
}
