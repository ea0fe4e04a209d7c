//! Messages: replies among others, what is waited for, every form of frames.

use std::time::Duration;

use super::server::{BINARY, CONTINUATION, FIN, Feed, PING, PONG, TEXT, frame, part};
use super::support::{Folder, sampler};
use super::{counts, failure, passes, plan, walk};

#[test]
fn a_reply_is_told_apart_from_what_the_server_sends_by_itself() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.text(r#"{"type":"quote","price":1}"#);
        peer.serve(|peer, message| {
            assert_eq!(message, r#"{"subscribe":"AAPL"}"#);
            peer.text(r#"{"type":"quote","price":2}"#);
            peer.text("no JSON at all");
            peer.text(r#"{"type":"subscribed","symbol":"MSFT","price":3}"#);
            peer.text(r#"{"type":"subscribed","symbol":"AAPL","price":4}"#);
            peer.text(r#"{"type":"quote","price":5}"#);
        });
    });
    let plan = plan(
        &feed,
        r#"- set: { symbol: AAPL }
- name: subscribe
  send: { json: { subscribe: "${symbol}" } }
  reply: { where: { $.type: subscribed, $.symbol: "${symbol}" } }
  extract: { price: $.price }
  assert: { json: { $.price: 4 } }
- name: the next quote
  receive: { where: { $.type: quote } }
  assert: { json: { $.price: { above: "${price}" } } }
"#,
    );
    let results = passes(&plan);
    assert_eq!(counts(&results, "subscribe"), (1, 0));
    assert_eq!(counts(&results, "the next quote"), (1, 0));
}

#[test]
fn what_came_before_the_message_is_never_its_reply() {
    let feed = Feed::start(|peer| {
        peer.accept();
        // These would do as replies, and are there when the message is sent.
        (0..50).for_each(|number| peer.text(format!(r#"{{"ok":true,"number":{number}}}"#)));
        peer.bytes(frame(PING, "all sent"));
        while peer.read().is_some_and(|frame| frame.opcode() != PONG) {}
        peer.log("pong");
        peer.serve(|peer, _| peer.text(r#"{"ok":true,"number":1000}"#));
    });
    let plan = plan(
        &feed,
        "- pause: 1s
- send: ask
  reply: { where: { $.ok: true } }
  assert: { json: { $.number: 1000 } }
- send: ask again
  reply: {}
  assert: { json: { $.number: 1000 } }
",
    );
    passes(&plan);
    assert_eq!(feed.log.lines(), ["pong", "close 1000"]);
}

#[test]
fn receive_takes_what_has_come_since_the_step_before() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.serve(|peer, message| {
            (1..=5).for_each(|number| peer.text(format!(r#"{{"for":"{message}","number":{number}}}"#)));
        });
    });
    // The first of the five is the reply; the others come while the user thinks.
    let plan = plan(
        &feed,
        r#"- send: a
  reply: {}
- pause: 300ms
- name: four
  receive: { count: 4 }
  assert: { json: { $.for: a, $.number: 5 } }
- send: b
- name: three
  receive: { count: 3, where: { $.for: b } }
  assert: { json: { $.number: 3 } }
"#,
    );
    let results = passes(&plan);
    assert_eq!(sampler(&results, "four")["failed"], 0);
    assert_eq!(sampler(&results, "three")["failed"], 0);
}

#[test]
fn a_wait_in_vain_ends_in_time_and_says_what_came_instead() {
    let feed = Feed::start(|peer| {
        peer.accept();
        match peer.path() {
            "/silent" => {}
            "/other" => peer.text(r#"{"type":"other","note":"shown in the example"}"#),
            _ => (0..3).for_each(|_| peer.text(r#"{"type":"quote"}"#)),
        }
        peer.serve(|peer, _| peer.text(r#"{"type":"busy"}"#));
    });
    let folder = Folder::new();
    let plan = walk(
        &feed,
        r#"- websocket: /silent
  steps:
    - { name: nothing, receive: { within: 200ms } }
    - { name: goes on, send: a, reply: {} }
- websocket: /other
  steps:
    - { name: other, receive: { within: 300ms, where: { $.type: quote } } }
- websocket: /few
  steps:
    - { name: few, receive: { count: 10, within: 300ms } }
    - { name: no reply, send: a, reply: { where: { $.type: done }, within: 300ms } }
    - { name: no end, receive: { close: true, within: 250ms } }
- websocket: /silent
  timeout: 400ms
  steps:
    - { name: default, receive: {} }
"#,
    );
    folder.run_plan(&plan, &["--quiet"]).expect_code(1);
    let results = folder.results();
    for (label, message) in [
        ("nothing", "no message within 200ms (within)"),
        ("other", "no matching message, only other messages, within 300ms (within)"),
        ("few", "only 3 of 10 messages within 300ms (within)"),
        ("no reply", "no reply, only other messages, within 300ms (within)"),
        ("no end", "the server did not close the connection within 250ms (within)"),
        ("default", "no message within 400ms (timeout)"),
    ] {
        let errors = results["errors"].as_array().unwrap();
        let error = errors.iter().find(|one| one["label"] == label).unwrap_or_else(|| panic!("{label}: {errors:#?}"));
        assert_eq!((&error["message"], &error["kind"]), (&message.into(), &"timeout".into()), "{label}");
        // Who waited has a time, though nothing was sent.
        let figures = sampler(&results, label);
        assert_eq!(figures["unsent"], serde_json::Value::Null, "{label}");
        assert!(figures["response_time"]["min_ms"].as_f64().unwrap() >= 200.0, "{label}: {figures:#}");
    }
    assert_eq!(counts(&results, "goes on"), (1, 0));
    let other = results["errors"].as_array().unwrap().iter().find(|one| one["label"] == "other").unwrap();
    assert!(other["example"]["response"].as_str().unwrap().contains("shown in the example"), "{other:#}");
}

#[test]
fn binary_messages_go_out_as_they_are_and_come_back_as_they_were() {
    let bytes: Vec<u8> = (0..=255).chain([0xff, 0, 0xfe]).collect();
    let sent = bytes.clone();
    let feed = Feed::start(move |peer| {
        peer.accept();
        while let Some(message) = peer.message() {
            assert_eq!((message.opcode(), message.masked, &message.payload), (BINARY, true, &sent));
            peer.log("binary");
            peer.bytes(frame(BINARY, message.payload));
        }
    });
    let folder = Folder::new();
    folder.write("frame.bin", &bytes);
    let plan = plan(&feed, "- send: { binary_file: frame.bin }\n  reply: {}\n  assert: { size: { equals: 259B } }\n");
    folder.run_plan(&plan, &["--quiet"]).expect_code(0);
    assert_eq!(feed.log.count("binary"), 1);
}

/// RFC 6455 §5.4: control frames may come between the parts of a message.
#[test]
fn messages_in_parts_are_put_together_with_pings_between_them() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.bytes(part(TEXT, r#"{"name":"J"#));
        peer.bytes(frame(PING, "between"));
        // Half of an `ö`.
        peer.bytes(part(CONTINUATION, b"\xc3"));
        peer.bytes(part(CONTINUATION, b""));
        peer.bytes(part(FIN | CONTINUATION, b"\xb6rg\"}"));
        let pong = peer.read().unwrap();
        assert_eq!((pong.opcode(), pong.text()), (PONG, "between".into()));
        peer.log("pong");
        peer.serve(|_, _| {});
    });
    passes(&plan(&feed, "- receive: {}\n  assert: { json: { $.name: Jörg } }\n"));
    assert_eq!(feed.log.lines(), ["pong", "close 1000"]);
}

#[test]
fn a_megabyte_goes_both_ways() {
    let feed = Feed::start(|peer| {
        peer.accept();
        while let Some(message) = peer.message() {
            peer.log(format!("{} bytes", message.payload.len()));
            let (first, rest) = message.payload.split_at(70_000);
            peer.bytes(part(TEXT, first));
            peer.bytes(part(FIN | CONTINUATION, rest));
        }
    });
    let plan = plan(
        &feed,
        "- send: \"${random_string(1000000)}\"\n  reply: {}\n  assert: { size: { equals: 1000000B } }\n- send: \"${random_string(70001)}\"\n  reply: {}\n  assert: { size: { equals: 70001B } }\n",
    );
    passes(&plan);
    assert_eq!(feed.log.lines(), ["1000000 bytes", "70001 bytes", "close 1000"]);
}

/// What no step asks for is kept within limits; what one waits for is all taken, however large.
#[test]
fn regression_large_messages_in_one_go_are_all_taken_by_the_step_that_waits() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.serve(|peer, _| {
            let messages: Vec<u8> = (0..8).flat_map(|_| frame(BINARY, vec![b'x'; 700_000])).collect();
            peer.bytes(messages);
        });
    });
    passes(&plan(&feed, &"- send: go\n- receive: { count: 8 }\n".repeat(3)));
}

#[test]
fn messages_that_were_not_kept_are_told_when_they_are_missed() {
    let feed = Feed::start(|peer| {
        peer.accept();
        (0..1200).for_each(|_| peer.text("x"));
        peer.serve(|_, _| {});
    });
    let (kind, message) = failure(&plan(&feed, "- pause: 2s\n- receive: { count: 1001, within: 300ms }\n"));
    assert_eq!(kind, "timeout");
    assert_eq!(
        message,
        "only 1000 of 1001 messages within 300ms (within); 200 older ones were not kept (at most 1000 and 1 MiB are)"
    );
}

/// A server may send before it reads, also while a large message is on its way to it.
#[test]
fn regression_what_comes_is_read_while_a_large_message_is_sent() {
    const SIZE: usize = 16 * 1024 * 1024;
    let feed = Feed::start(|peer| {
        peer.accept();
        // The message waits in the buffers of both ends; as much comes towards it.
        let filler = frame(BINARY, vec![b'x'; 1024 * 1024]);
        std::thread::sleep(Duration::from_millis(200));
        (0..16).for_each(|_| peer.bytes(&filler));
        peer.log("sent");
        peer.serve(|peer, message| peer.text(message.len().to_string()));
    });
    let folder = Folder::new();
    folder.write("large.bin", vec![b'l'; SIZE]);
    let plan = plan(&feed, &format!("- send: {{ binary_file: large.bin }}\n  reply: {{ where: {{ $: {SIZE} }} }}\n"));
    folder.run_plan(&plan, &["--quiet"]).expect_code(0);
    assert_eq!(feed.log.lines(), ["sent", "close 1000"]);
}

/// RFC 6455 §8.1 and §7.4.1: text that is not UTF-8 closes the connection with 1007.
#[test]
fn text_that_is_not_utf8_fails_and_the_server_is_told() {
    for (name, frames) in [
        ("whole", frame(TEXT, b"a\xff\xfe")),
        // `ä` begins with c3; 28 is none of its second bytes.
        ("in parts", [part(TEXT, b"a\xc3"), part(FIN | CONTINUATION, b"\x28")].concat()),
        ("unfinished", frame(TEXT, b"a\xc3")),
    ] {
        let feed = Feed::start(move |peer| {
            peer.accept();
            peer.bytes(&frames);
            let codes: Vec<_> = peer.rest().iter().filter_map(super::server::Frame::code).collect();
            peer.log(format!("{codes:?}"));
        });
        let (kind, message) = failure(&plan(&feed, "- receive: {}\n"));
        assert_eq!(kind, "protocol", "{name}");
        assert!(message.contains("a text message is not UTF-8"), "{name}: {message}");
        feed.log.wait_for("[1007]");
    }
}
