//! How long connections live: kept ones, pings while the user thinks, new ones for lost ones, users who
//! share a thread with a server that floods.

use std::time::Duration;

use super::server::{CLOSE, Feed, PING, PONG, TEXT, frame};
use super::support::sampler;
use super::{counts, passes};

/// How many connections a server sees of one user in three iterations.
#[test]
fn connections_are_kept_as_long_as_the_plan_says() {
    for (kept, connections, opened) in [("step", 6, 6), ("iteration", 3, 3), ("user", 1, 1)] {
        let feed = Feed::start(|peer| {
            peer.log(format!("connection {}", peer.number));
            peer.accept();
            peer.serve(|peer, message| peer.text(message));
        });
        // The step is walked twice in each iteration.
        let plan = format!(
            "websocket: {{ url: \"{}\", connections: {kept} }}
thread_groups:
  g:
    iterations: 3
    steps:
      - repeat: 2
        steps:
          - name: open
            websocket: /feed
            steps: [{{ name: ask, send: hi, reply: {{}} }}]
",
            feed.url()
        );
        let results = passes(&plan);
        assert_eq!(counts(&results, "open"), (opened, 0), "{kept}");
        assert_eq!(counts(&results, "ask"), (6, 0), "{kept}");
        assert_eq!(sampler(&results, "open")["reconnects"], 0, "{kept}");
        let seen = feed.log.lines().iter().filter(|line| line.starts_with("connection")).count();
        assert_eq!(seen, connections, "{kept}");
        // Each is closed politely, the last one too (RFC 6455 §7.1.1).
        let begin = std::time::Instant::now();
        while feed.log.count("close 1000") < connections {
            assert!(begin.elapsed() < Duration::from_secs(20), "{kept}: {:?}", feed.log.lines());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_kept_connection_that_the_server_has_closed_is_opened_again() {
    let feed = Feed::start(|peer| {
        peer.accept();
        let message = peer.message().unwrap();
        peer.text(message.text());
        if peer.number == 0 {
            peer.close(1001, "restart");
            peer.rest();
        } else {
            peer.serve(|peer, message| peer.text(message));
        }
    });
    let plan = format!(
        "websocket: {{ url: \"{}\", connections: user }}
thread_groups:
  g:
    iterations: 3
    pacing: 300ms
    steps:
      - name: open
        websocket: /feed
        steps: [{{ name: ask, send: hi, reply: {{}} }}]
",
        feed.url()
    );
    let results = passes(&plan);
    assert_eq!((counts(&results, "open"), counts(&results, "ask")), ((2, 0), (3, 0)));
    assert_eq!(sampler(&results, "open")["reconnects"], 1);
}

/// RFC 6455 §5.5.2 and §5.5.3: a pong has the ping's data, as soon as is practical.
#[test]
fn pings_are_answered_while_the_user_thinks() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.message();
        for number in 0..5 {
            peer.bytes(frame(PING, format!("ping {number}")));
            let pong = peer.read().unwrap();
            assert_eq!((pong.opcode(), pong.masked, pong.text()), (PONG, true, format!("ping {number}")));
            peer.log("pong");
        }
        let asked = peer.message().unwrap();
        peer.log(asked.text());
        peer.serve(|_, _| {});
    });
    let plan = super::plan(&feed, "- send: before\n- pause: 3s\n- send: after\n");
    passes(&plan);
    // All pongs came before the next message, that is, within the pause.
    assert_eq!(feed.log.lines()[..6], ["pong", "pong", "pong", "pong", "pong", "after"]);
}

/// Pongs go out though the server never pauses, and a server that reads none of them is not read on.
#[test]
fn pings_in_a_flood_of_messages_are_answered() {
    let feed = Feed::start(|peer| {
        peer.accept();
        let quote = frame(TEXT, r#"{"type":"quote"}"#);
        let burst = [quote.repeat(2000), frame(PING, "still there?")].concat();
        (0..20).for_each(|_| peer.bytes(&burst));
        let mut pongs = 0;
        while pongs < 20 {
            pongs += usize::from(peer.read().unwrap().opcode() == PONG);
        }
        peer.text(r#"{"type":"end"}"#);
        peer.serve(|_, _| {});
    });
    passes(&super::plan(&feed, "- receive: { where: { $.type: end } }\n"));
}

#[test]
fn a_flood_takes_bounded_memory_and_leaves_other_users_alone() {
    let feed = Feed::start(|peer| {
        peer.accept();
        if peer.path() == "/flood" {
            let burst = frame(TEXT, r#"{"type":"quote","symbol":"AAPL","price":101.5}"#).repeat(1000);
            // 200,000 messages in one go.
            (0..200).for_each(|_| peer.bytes(&burst));
            peer.text(r#"{"type":"end"}"#);
        }
        peer.serve(|peer, message| peer.text(message));
    });
    let plan = format!(
        "websocket: {{ url: \"{}\" }}
thread_groups:
  flooded:
    iterations: 1
    steps:
      - websocket: /flood
        steps:
          - pause: 1s
          - {{ name: end, receive: {{ where: {{ $.type: end }}, within: 60s }} }}
          - {{ name: ask on, send: hi, reply: {{}} }}
  others:
    users: 5
    iterations: 20
    steps:
      - websocket: /calm
        steps: [{{ name: ask, send: hi, reply: {{}} }}]
",
        feed.url()
    );
    let results = passes(&plan);
    assert_eq!(counts(&results, "ask"), (100, 0));
    assert_eq!(counts(&results, "ask on"), (1, 0));
    let received = sampler(&results, "end")["received_bytes"].as_u64().unwrap()
        + sampler(&results, "websocket /flood")["received_bytes"].as_u64().unwrap();
    assert!(received >= 200_000 * 48, "{received}");
}

/// A server that reads nothing more holds its user up for `timeout`, and no longer.
#[test]
fn regression_a_message_that_cannot_be_sent_ends_the_connection_and_the_next_step_goes_on() {
    let feed = Feed::start(|peer| {
        peer.accept();
        if peer.path() == "/stuck" {
            std::thread::sleep(Duration::from_secs(4));
            // What is there is read to its end: the client has given up in the middle of its message.
            let end = if peer.read().is_none() { "cut" } else { "whole" };
            peer.log(end);
            return;
        }
        peer.serve(|peer, message| peer.text(message));
    });
    let folder = super::Folder::new();
    folder.write("large.bin", vec![0; 32 * 1024 * 1024]);
    let plan = super::walk(
        &feed,
        "- websocket: /stuck
  timeout: 1s
  steps:
    - { name: large, send: { binary_file: large.bin }, reply: {} }
- websocket: /calm
  steps: [{ name: ask, send: hi, reply: {} }]
- pause: 4s
",
    );
    folder.run_plan(&plan, &["--quiet"]).expect_code(1);
    let results = folder.results();
    let errors = super::errors(&results);
    assert_eq!(
        errors,
        [("large".into(), "timeout".into(), "the message could not be sent within 1s (timeout)".into())],
        "{errors:#?}"
    );
    assert_eq!(counts(&results, "ask"), (1, 0));
    feed.log.wait_for("cut");
}

/// RFC 6455 §5.5.1: after its close frame a server may go on sending; the user does not wait for it.
#[test]
fn a_server_that_never_answers_the_close_holds_nobody_up() {
    let feed = Feed::start(|peer| {
        peer.accept();
        let mut closes = 0;
        while let Some(frame) = peer.read() {
            closes += usize::from(frame.opcode() == CLOSE);
        }
        peer.log(format!("{closes} close"));
    });
    let plan = super::walk(&feed, &"- websocket: /feed\n  steps: [{ send: hi }]\n".repeat(3));
    let results = passes(&plan);
    assert!(results["run"]["duration_s"].as_f64().unwrap() < 20.0, "{:#}", results["run"]);
    feed.log.wait_for("1 close");
}
