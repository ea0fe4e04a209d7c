//! What is told of WebSockets: phases and thresholds, rows, JUnit; no secret in any of it; a run that is
//! stopped while it waits.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::server::Feed;
use super::support::{Folder, sampler};
use super::{plan, walk};

#[test]
fn phases_and_thresholds_tell_of_replies_first_messages_and_gaps() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.serve(|peer, message| {
            // 300 ms to the reply, 300 ms between the three messages after it.
            std::thread::sleep(Duration::from_millis(300));
            peer.text(message);
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(300));
                peer.text(r#"{"type":"quote"}"#);
            }
        });
    });
    let plan = format!(
        "websocket: {{ url: \"{}\" }}
thread_groups:
  g:
    iterations: 2
    steps:
      - name: open
        websocket: /feed
        steps:
          - name: ask
            send: {{ text: hi }}
            reply: {{}}
            thresholds: [reply.p95 < 10s, reply.p50 < 1ms]
          - name: quotes
            receive: {{ count: 3 }}
            thresholds: [first_event.min > 1ms, event_gap.p95 < 10s]
    thresholds: [reply.max < 10s, event_gap.max < 10s]
thresholds: [reply.p90 < 10s, first_event.p90 < 10s, event_gap.mean < 10s]
",
        feed.url()
    );
    let folder = Folder::new();
    folder.run_plan(&plan, &["--quiet", "--csv", "rows.csv"]).expect_code(1);
    let results = folder.results();
    let names = |label: &str| {
        let mut names: Vec<_> = sampler(&results, label)["phases"].as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names("open"), ["connect", "download", "first_byte"]);
    assert_eq!(names("ask"), ["reply"]);
    assert_eq!(names("quotes"), ["event_gap", "first_event"]);
    let phase = |label: &str, phase: &str| sampler(&results, label)["phases"][phase]["min_ms"].as_f64().unwrap();
    assert!(phase("ask", "reply") >= 300.0, "{}", phase("ask", "reply"));
    // A step that waits late, on a busy machine, finds the message sooner.
    assert!(phase("quotes", "event_gap") >= 100.0, "{}", phase("quotes", "event_gap"));
    let failed: Vec<_> =
        results["thresholds"].as_array().unwrap().iter().filter(|one| one["passed"] == false).collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0]["text"], "reply.p50 < 1ms");
    assert!(failed[0]["observed"].as_f64().unwrap() >= 300.0);

    let rows = folder.read("rows.csv");
    let header: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|one| *one == name).unwrap();
    let (label, success, url) = (column("label"), column("success"), column("URL"));
    let told: Vec<(String, String, String)> = rows
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>())
        .map(|row| (row[label].to_owned(), row[success].to_owned(), row[url].to_owned()))
        .collect();
    assert_eq!(told.len(), 6, "{rows}");
    assert_eq!(told[0], ("open".into(), "true".into(), format!("{}/feed", feed.url())));
    // A message has the URL of its connection.
    for (row, label) in told[1..3].iter().zip(["ask", "quotes"]) {
        assert_eq!(*row, (label.into(), "true".into(), format!("{}/feed", feed.url())));
    }

    let junit = folder.junit();
    assert!(junit.contains("reply.p50 &lt; 1ms"), "{junit}");
    for label in ["open", "ask", "quotes"] {
        assert!(junit.contains(&format!("name=\"{label}\"")) || junit.contains(label), "{label} in {junit}");
    }
}

/// A secret goes out in a message, in the URL and in a header, and comes back in messages, in a close
/// reason and as a refusal's body: it is in nothing that is written.
#[test]
fn secrets_in_messages_are_in_no_output() {
    const SECRET: &str = "s3cr3t-Kqz81Lw";
    let feed = Feed::start(|peer| {
        if peer.path().starts_with("/refused") {
            return peer.respond("403 Forbidden", "", &format!(r#"{{"message":"no {SECRET}"}}"#));
        }
        peer.accept();
        if peer.path().starts_with("/closing") {
            return {
                peer.close(1008, SECRET);
                peer.rest();
            };
        }
        peer.serve(|peer, message| {
            assert!(message.contains(SECRET) || message == "hi");
            peer.text(format!(r#"{{"echo":{message:?},"token":"{SECRET}-issued"}}"#));
        });
    });
    let steps = r#"- websocket: "/feed?key=${secret}"
  headers: { X-Key: "${secret}" }
  steps:
    - name: fails
      send: { json: { token: "${secret}" } }
      reply: {}
      extract: { issued: { json: $.token, secret: true } }
      assert: { json: { $.echo: nothing } }
    - name: sends what was issued
      send: "${issued} for ${secret}"
      reply: { where: { $.never: true }, within: 300ms }
    - name: waits in vain
      receive: { within: 200ms }
- { websocket: /closing, steps: [{ name: closed, receive: {} }] }
- { websocket: /refused, steps: [{ send: never }] }
"#;
    let plan = walk(&feed, steps).replacen("websocket:", "secrets: { secret: \"${env.OUR_SECRET}\" }\nwebsocket:", 1);
    let folder = Folder::new();
    folder.write("plan.yaml", &plan);
    for args in [&["run", "plan.yaml", "-v", "--csv", "rows.csv", "--markdown", "run.md"][..], &["try", "plan.yaml"]] {
        let output = folder.command(args).env("OUR_SECRET", SECRET).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.code().is_some_and(|code| code != 2), "{said}");
        assert!(!said.contains(SECRET), "{args:?} says\n{said}");
    }
    let mut looked = 0;
    let mut folders = vec![folder.path().to_path_buf()];
    while let Some(path) = folders.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(SECRET), "{} has it", path.display());
                looked += 1;
            }
        }
    }
    assert!(looked >= 5, "only {looked} files were written");
    let errors = folder.results()["errors"].to_string();
    for label in ["fails", "sends what was issued", "waits in vain", "closed", "refused"] {
        assert!(errors.contains(label), "{label} in {errors}");
    }
}

/// The first Ctrl+C ends waits at once when there is no time for them; reports are written all the same.
#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_while_it_waits_for_a_message_tells_so() {
    let feed = Feed::start(|peer| {
        peer.accept();
        peer.serve(|peer, _| peer.log("asked"));
    });
    let folder = Folder::new();
    let plan = plan(&feed, "- { name: ask, send: hi, reply: { within: 300s } }\n")
        .replace("iterations: 1", "iterations: 1\n    graceful_stop: 0s");
    folder.write("plan.yaml", plan);
    let mut child = folder.command(&["run", "plan.yaml", "--quiet"]).stdout(Stdio::null()).spawn().unwrap();
    feed.log.wait_for("asked");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "it waits on");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.code().is_some_and(|code| code != 0), "{status:?}");
    let results = folder.results();
    assert_eq!(sampler(&results, "ask")["interrupted"], 1, "{:#}", results["samplers"]);
    assert!(!results["run"]["stopped_by"].is_null(), "{:#}", results["run"]);
    assert!(folder.junit().contains("testsuite"));
}
