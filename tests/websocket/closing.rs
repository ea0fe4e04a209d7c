//! The end of a connection: codes, reasons, and ends without any.

use super::server::{CLOSE, Feed, TEXT, frame, goodbye, head, part};
use super::{errors, fails, failure, passes, plan, walk};
use crate::support::Folder;

/// A server that closes with what the path says: `/1000/bye`.
fn closing() -> Feed {
    Feed::start(|peer| {
        peer.accept();
        let path = peer.path().to_owned();
        let (code, reason) = path[1..].split_once('/').unwrap();
        peer.text("the last words");
        match code.parse() {
            Ok(code) => peer.close(code, reason),
            Err(_) => peer.bytes(frame(CLOSE, "")),
        }
        let codes: Vec<_> = peer.rest().iter().map(|frame| frame.code().unwrap_or(1005)).collect();
        peer.log(format!("{path} {codes:?}"));
    })
}

/// RFC 6455 §7.1.5, §7.1.6 and §7.4.1; without a code it is 1005. §5.5.1: the code is sent back, once.
#[test]
fn the_servers_close_is_waited_for_and_its_code_and_reason_are_judged() {
    let feed = closing();
    let steps: String = [("1000", "bye", 1000), ("1001", "", 1001), ("4321", "custom", 4321), ("none", "", 1005)]
        .into_iter()
        .map(|(path, reason, code)| {
            format!(
                "- websocket: /{path}/{reason}\n  steps:\n    - name: close {path}\n      receive: {{ close: true }}\n      assert: {{ status: {{ equals: {code} }} }}\n"
            )
        })
        .collect();
    passes(&walk(&feed, &steps));
    for line in ["/1000/bye [1000]", "/1001/ [1001]", "/4321/custom [4321]", "/none/ [1005]"] {
        feed.log.wait_for(line);
    }
}

#[test]
fn regression_a_close_that_was_waited_for_is_no_error_whatever_its_code() {
    passes(&plan(
        &Feed::start(|peer| {
            peer.accept();
            peer.close(1011, "overload");
            peer.rest();
        }),
        "- receive: { close: true }\n",
    ));
}

#[test]
fn another_code_than_the_expected_one_fails_and_is_told() {
    let feed = closing();
    let (kind, message) = failure(&walk(
        &feed,
        "- websocket: /1008/banned\n  steps: [{ receive: { close: true }, assert: { status: 1000 } }]\n",
    ));
    assert_eq!(kind, "status");
    assert!(message.contains("1000"), "{message}");
}

#[test]
fn a_close_that_nobody_waits_for_is_told_in_words() {
    let feed = closing();
    let cases = [
        ("1000/", "the server closed the connection with 1000 (normal)"),
        ("1001/", "the server closed the connection with 1001 (going away)"),
        ("1008/you are banned", "the server closed the connection with 1008 (policy violation): you are banned"),
        ("1011/", "the server closed the connection with 1011 (internal error)"),
        ("4000/", "the server closed the connection with 4000"),
        ("none/", "the server closed the connection without a code"),
    ];
    let steps: String = cases
        .iter()
        .map(|(path, _)| {
            format!(
                "- websocket: \"/{}\"\n  steps:\n    - receive: {{}}\n    - name: \"{path}\"\n      receive: {{}}\n",
                path.replace(' ', "-")
            )
        })
        .collect();
    let folder = Folder::new();
    folder.run_plan(&walk(&feed, &steps), &["--quiet"]).expect_code(1);
    let errors = errors(&folder.results());
    for (label, message) in cases {
        let message = message.replace("you are banned", "you-are-banned");
        assert!(
            errors.contains(&(label.into(), "reset".into(), message.clone())),
            "{label}: {message} is not in {errors:#?}"
        );
    }
    assert_eq!(errors.len(), cases.len(), "{errors:#?}");
}

/// A server that ends the connection as the path says.
fn breaking() -> Feed {
    Feed::start(|peer| {
        peer.accept();
        match peer.path() {
            "/end" => {}
            "/mid-frame" => peer.bytes([head(0x81, 100), b"half".to_vec()].concat()),
            "/mid-message" => peer.bytes(part(TEXT, "half")),
            // With a message unread, the system resets the connection (RFC 2525 §2.17).
            _ => {
                peer.text("go");
                std::thread::sleep(std::time::Duration::from_millis(300));
            }
        }
    })
}

#[test]
fn an_end_without_a_close_frame_is_told_in_words() {
    let feed = breaking();
    let steps = "- websocket: /end
  steps: [{ name: end, receive: {} }]
- websocket: /mid-frame
  steps: [{ name: mid-frame, receive: {} }]
- websocket: /mid-message
  steps: [{ name: mid-message, receive: {} }]
- websocket: /reset
  steps:
    - { send: unread, reply: {} }
    - { name: reset, receive: {} }
";
    let errors = fails(&walk(&feed, steps));
    for (label, message) in [
        ("end", "the server closed the connection without a close frame"),
        ("mid-frame", "the server closed the connection in the middle of a message"),
        ("mid-message", "the server closed the connection without a close frame"),
        ("reset", "the connection failed: connection reset"),
    ] {
        assert!(errors.contains(&(label.into(), "reset".into(), message.into())), "{label} in {errors:#?}");
    }
    assert_eq!(errors.len(), 4, "{errors:#?}");
}

/// RFC 6455 §7.1.5: without a close frame the code is 1006; an end like that is no close.
#[test]
fn an_end_without_a_close_frame_is_no_close() {
    let (kind, message) = failure(&walk(&breaking(), "- websocket: /end\n  steps: [{ receive: { close: true } }]\n"));
    assert_eq!((kind.as_str(), message.as_str()), ("reset", "the server closed the connection without a close frame"));
}

/// RFC 6455 §5.5.1: nothing is sent after a close frame.
#[test]
fn a_send_after_the_servers_close_says_why_it_could_not_be_sent() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.bytes(frame(CLOSE, goodbye(1013, "come back later")));
        let frames = peer.rest();
        peer.log(format!("{} frames", frames.len()));
    });
    let (_, message) = failure(&plan(&feed, "- pause: 500ms\n- send: late\n"));
    assert_eq!(message, "the server closed the connection with 1013 (try again later): come back later");
    feed.log.wait_for("1 frames");
}
