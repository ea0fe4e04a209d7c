//! Load models run by the real binary against real sockets: who starts when, what is dropped,
//! what is counted, and what the generator says of itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use support::{Folder, Hit, Reply, Server, against, sampler};

/// A plan of one thread group `g` against a server.
fn group(server: &Server, body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    against(server, &format!("http: {{ base_url: BASE }}\nthread_groups:\n  g:\n{body}"))
}

fn ok() -> Server {
    Server::start(|_| Reply::text(200, "ok"))
}

/// Milliseconds from the first hit.
fn since_first(hits: &[Hit]) -> Vec<f64> {
    let first = hits.iter().map(|hit| hit.at).min().unwrap();
    let mut times: Vec<f64> = hits.iter().map(|hit| (hit.at - first).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The connections used between two times (in ms from the first hit): the users at work.
fn users_between(hits: &[Hit], from: u64, to: u64) -> usize {
    let first = hits.iter().map(|hit| hit.at).min().unwrap();
    let within = |hit: &&Hit| (from..to).contains(&((hit.at - first).as_millis() as u64));
    hits.iter().filter(within).map(|hit| hit.connection).collect::<HashSet<_>>().len()
}

#[test]
fn an_arrival_rate_starts_every_iteration_on_its_schedule() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(&server, "arrival_rate: 50/s\nduration: 2s\nsteps:\n  - get: /");
    folder.run_plan(&plan, &[]).expect_code(0);
    let at = since_first(&server.hits());
    assert_eq!(at.len(), 100);
    // On a busy machine any start may be late, but what is late does not move what comes after it: in
    // each quarter of the run some are in time.
    let off: Vec<f64> = at.iter().enumerate().map(|(k, at)| at - k as f64 * 20.0).collect();
    let in_time: Vec<f64> = off.chunks(25).map(|quarter| quarter.iter().copied().fold(f64::MAX, f64::min)).collect();
    let (first, last) =
        (in_time.iter().copied().fold(f64::MAX, f64::min), in_time.iter().copied().fold(f64::MIN, f64::max));
    assert!(last - first <= 50.0, "the quarters are off by {in_time:?} ms: {at:?}");
    let results = folder.results();
    assert_eq!(results["thread_groups"][0]["iterations"], 100);
    assert_eq!(results["thread_groups"][0]["dropped"], 0);
    assert!(sampler(&results, "GET /")["service_time"]["p50_ms"].as_f64().unwrap() > 0.0);
    let rate = sampler(&results, "GET /")["throughput_per_s"].as_f64().unwrap();
    assert!((35.0..=50.5).contains(&rate), "100 requests in 2 s are not {rate}/s");
}

#[test]
fn a_staged_rate_has_the_starts_of_the_area_under_it() {
    let server = ok();
    let folder = Folder::new();
    // 20 × 1 / 2 + 20 × 1 = 30 starts.
    let plan = group(&server, "stages: [{ rate: 20/s, over: 1s, hold: 1s }]\nsteps:\n  - get: /");
    folder.run_plan(&plan, &[]).expect_code(0);
    assert_eq!(server.hits().len(), 30);
}

#[test]
fn stages_of_users_go_up_and_down_and_cut_no_iteration_short() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(
        &server,
        "stages: [{ users: 4, over: 1s, hold: 500ms }, { users: 1, over: 1s, hold: 1s }]\nsteps:\n  - get: /a\n  - pause: 200ms\n  - get: /b\n  - pause: 50ms",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    assert_eq!(users_between(&hits, 1100, 1500), 4);
    assert_eq!(users_between(&hits, 2900, 3400), 1);
    let count = |path: &str| hits.iter().filter(|hit| hit.path == path).count();
    // Only the last user can be cut short, by the end of its group.
    assert!(count("/a") - count("/b") <= 1, "{} /a but {} /b", count("/a"), count("/b"));
    assert_eq!(folder.results()["totals"]["interrupted"], 0);
}

#[test]
fn a_ramp_down_lets_every_iteration_finish() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(
        &server,
        "users: 4\nduration: 500ms\nramp_down: 400ms\nsteps:\n  - get: /a\n  - pause: 300ms\n  - get: /b",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    let count = |path: &str| hits.iter().filter(|hit| hit.path == path).count();
    assert_eq!(count("/a"), count("/b"));
    assert!(count("/a") >= 8, "4 users, 0.6 to 0.9 s, 0.3 s each: {} iterations", count("/a"));
}

#[test]
fn a_user_that_leaves_is_interrupted_after_graceful_stop() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(
        &server,
        "stages: [{ users: 1, hold: 300ms }, { users: 0, hold: 1500ms }]\ngraceful_stop: 500ms\nsteps:\n  - get: /a\n  - pause: 30s",
    );
    let begin = Instant::now();
    folder.run_plan(&plan, &[]).expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(5), "it took {:?}", begin.elapsed());
    assert_eq!(server.hits().len(), 1);
}

#[test]
fn iterations_beyond_max_users_are_dropped_and_fail_the_run_unless_allowed() {
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_secs(1));
        Reply::text(200, "ok")
    });
    let folder = Folder::new();
    let plan = group(&server, "arrival_rate: 20/s\nduration: 2s\nmax_users: 5\nsteps:\n  - get: /");
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    let results = folder.results();
    let group = &results["thread_groups"][0];
    let (done, dropped) = (group["iterations"].as_u64().unwrap(), group["dropped"].as_u64().unwrap());
    assert_eq!(done + dropped, 40, "every arrival is either run or dropped");
    // Five users that take a second each: five at once and five after a second.
    assert!((10..=12).contains(&done), "{done} iterations ran");
    assert!(group["peak_users"].as_u64().unwrap() <= 5);
    assert!(ran.stdout.contains(&format!("✗ g: dropped == 0  observed {dropped}")), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("g: {dropped} of 40 arrivals were dropped")), "{}", ran.stdout);
    let verdict = format!("FAILED (exit 1): 1 of 1 threshold failed (g: dropped == 0, observed {dropped})\n");
    assert!(ran.stdout.ends_with(&verdict), "{}", ran.stdout);
    assert!(folder.junit().contains(r#"name="g: dropped == 0""#), "{}", folder.junit());

    let allowed = plan.replace("max_users: 5", "max_users: 5\n    thresholds: [dropped < 100]");
    folder.run_plan(&allowed, &[]).expect_code(0);
}

#[test]
fn one_user_serves_the_arrivals_of_every_thread() {
    let server = ok();
    let folder = Folder::new();
    // Half a second for each: a busy machine must not make the one user late for the next.
    let plan = group(&server, "arrival_rate: 2/s\nduration: 4s\nmax_users: 1\nsteps:\n  - get: /");
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    assert_eq!(hits.len(), 8);
    assert_eq!(hits.iter().map(|hit| hit.connection).collect::<HashSet<_>>().len(), 1);
}

#[test]
fn on_start_runs_once_per_user_of_an_open_model_and_is_not_in_its_times() {
    let server = Server::start(|hit| {
        if hit.path == "/login" {
            std::thread::sleep(Duration::from_millis(400));
        }
        Reply::text(200, "ok")
    });
    let folder = Folder::new();
    let plan = group(
        &server,
        "arrival_rate: 10/s\nduration: 2s\non_start:\n  - get: /login\nsteps:\n  - get: /task\non_stop:\n  - get: /logout",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    let count = |path: &str| hits.iter().filter(|hit| hit.path == path).count();
    assert_eq!(count("/task"), 20);
    assert_eq!(count("/login"), count("/logout"));
    assert!(count("/login") < 20, "users are reused");
    let results = folder.results();
    let work = sampler(&results, "GET /task")["response_time"]["p50_ms"].as_f64().unwrap();
    assert!(work < 200.0, "the login's 400 ms are in {work} ms");
}

#[test]
fn a_stall_shows_in_the_open_model_as_computed_and_hides_in_the_closed_one() {
    let stalling = || {
        let begin = Mutex::new(None::<Instant>);
        Server::start(move |_| {
            let began = *begin.lock().unwrap().get_or_insert_with(Instant::now);
            let (from, to) = (began + Duration::from_secs(2), began + Duration::from_secs(3));
            let now = Instant::now();
            if now >= from && now < to {
                std::thread::sleep(to - now);
            }
            Reply::text(200, "ok")
        })
    };
    let folder = Folder::new();
    let server = stalling();
    folder.run_plan(&group(&server, "arrival_rate: 100/s\nduration: 5s\nsteps:\n  - get: /"), &[]).expect_code(0);
    let results = folder.results();
    let open = &sampler(&results, "GET /")["response_time"];
    let time = |of: &serde_json::Value, name: &str| of[name].as_f64().unwrap();
    // 500 requests, 100 of them in the stall, which wait 1000 ms, 990 ms … 10 ms: so the 95th
    // percentile is the 25th longest (760 ms), the 99th the fifth longest (960 ms).
    for (name, truth) in [("p95_ms", 760.0), ("p99_ms", 960.0), ("max_ms", 1000.0)] {
        let measured = time(open, name);
        assert!((measured - truth).abs() < 60.0, "{name} is {measured}, should be {truth}");
    }
    let slow = server.hits().len();
    assert_eq!(slow, 500);

    let server = stalling();
    folder.run_plan(&group(&server, "users: 1\npacing: 10ms\nduration: 5s\nsteps:\n  - get: /"), &[]).expect_code(0);
    let results = folder.results();
    let closed = &sampler(&results, "GET /")["response_time"];
    assert!(time(closed, "p99_ms") < 300.0, "one user sees the stall once: {closed}");
}

#[test]
fn pacing_starts_an_iteration_on_each_beat() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(&server, "users: 1\npacing: 200ms\nduration: 1100ms\nsteps:\n  - get: /");
    folder.run_plan(&plan, &[]).expect_code(0);
    let at = since_first(&server.hits());
    assert_eq!(at.len(), 6, "{at:?}");
    for (k, at) in at.iter().enumerate() {
        assert!((at - k as f64 * 200.0).abs() < 190.0, "beat {k} at {at} ms");
    }
}

#[test]
fn a_user_that_leaves_between_two_beats_does_not_wait_for_the_next() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(
        &server,
        "stages: [{ users: 2, hold: 500ms }, { users: 1, hold: 2s }]\npacing: 1m\ngraceful_stop: 1s\nsteps:\n  - get: /\non_stop:\n  - get: /bye",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let byes = server.hits().into_iter().filter(|hit| hit.path == "/bye").collect::<Vec<_>>();
    // The one that leaves says good-bye at once, the other when the time is up.
    let at = since_first(&byes);
    assert!(at.len() == 2 && at[1] > 1500.0, "{at:?}");
}

#[test]
fn throughput_is_a_ceiling_without_bursts() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(&server, "users: 20\nduration: 2s\nthroughput: 40/s\nsteps:\n  - get: /");
    folder.run_plan(&plan, &[]).expect_code(0);
    let at = since_first(&server.hits());
    assert!((76..=81).contains(&at.len()), "{} requests in 2 s at 40/s", at.len());
    let first_second = at.iter().filter(|at| **at < 1000.0).count();
    assert!((38..=42).contains(&first_second), "{first_second} requests in the first second");
}

#[test]
fn throughput_stays_a_ceiling_when_the_time_is_up() {
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Reply::text(200, "ok")
    });
    let folder = Folder::new();
    let plan = group(
        &server,
        "users: 20\nduration: 1s\nthroughput: 50/s\ngraceful_stop: 3s\nsteps:\n  - repeat: 100000\n    steps:\n      - get: /\non_stop:\n  - get: /bye",
    );
    let begin = Instant::now();
    folder.run_plan(&plan, &[]).expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(3), "it took {:?}", begin.elapsed());
    let hits = server.hits();
    let last = hits.iter().filter(|hit| hit.path == "/bye").count();
    assert_eq!(last, 20, "every user says good-bye");
    assert!(hits.len() - last <= 60, "{} requests in 1 s at 50/s", hits.len() - last);
}

#[test]
fn an_interrupt_does_not_prolong_the_graceful_stop() {
    let server = Server::start(|_| Reply::Silence(Duration::from_secs(60)));
    let folder = Folder::new();
    folder.write("plan.yaml", group(&server, "users: 1\nduration: 500ms\ngraceful_stop: 4s\nsteps:\n  - get: /"));
    let begin = Instant::now();
    let mut run = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    run.wait().unwrap();
    assert!(begin.elapsed() < Duration::from_millis(6400), "4.5 s became {:?}", begin.elapsed());
}

#[test]
fn an_arrival_whose_user_does_not_come_through_its_start_is_dropped() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(
        &server,
        "arrival_rate: 20/s\nduration: 1s\non_start:\n  - get: /login\n    assert: { status: 999 }\nsteps:\n  - get: /",
    );
    let plan = format!("{plan}thresholds: [error_rate < 100%]\n");
    folder.run_plan(&plan.replace("error_rate < 100%", "error_rate <= 100%"), &[]).expect_code(1);
    let group = &folder.results()["thread_groups"][0];
    assert_eq!(group["iterations"], 0);
    // A start that fails only after the group's end drops nothing; on a busy machine the last ones do.
    let dropped = group["dropped"].as_u64().unwrap();
    assert!((10..=20).contains(&dropped), "{dropped} of 20 arrivals");
}

#[test]
fn what_is_dropped_or_done_in_the_warm_up_is_not_judged() {
    // Whoever comes in the first 1.4 s gets a response at their end.
    let begin = Mutex::new(None::<Instant>);
    let server = Server::start(move |_| {
        let began = *begin.lock().unwrap().get_or_insert_with(Instant::now);
        std::thread::sleep(Duration::from_millis(1400).saturating_sub(began.elapsed()));
        Reply::text(200, "ok")
    });
    let folder = Folder::new();
    let plan = group(
        &server,
        "arrival_rate: 8/s\nduration: 4s\nmax_users: 8\nwarm_up: 2s\nsteps:\n  - get: /\nthresholds:\n  - iterations <= 16",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let group = &folder.results()["thread_groups"][0];
    // Of 32 arrivals the first 16 belong to the warm-up, in which eight users wait and further ones are dropped.
    assert_eq!((&group["iterations"], &group["dropped"]), (&16.into(), &0.into()));
    assert!(server.hits().len() < 32, "{}", server.hits().len());
}

#[test]
fn a_last_stage_without_users_lasts_as_long_as_it_says() {
    let server = ok();
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }\nthread_groups:\n  g:\n    stages: [{ users: 1, hold: 200ms }, { users: 0, hold: 3s }]\n    pacing: 50ms\n    steps: [{ get: /g }]\n  next:\n    needs: [g]\n    iterations: 1\n    steps: [{ get: /next }]\n",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let at = |path: &str| server.hits().iter().find(|hit| hit.path == path).unwrap().at;
    // 3.2 s after the start; on a busy machine the first request comes late, and 0.2 s would be the mistake.
    assert!(at("/next") - at("/g") >= Duration::from_secs(2), "{:?}", at("/next") - at("/g"));
}

#[test]
fn a_group_waits_for_the_groups_it_needs() {
    let server = ok();
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }\nthread_groups:\n  report:\n    needs: [fill]\n    delay: 300ms\n    iterations: 1\n    steps: [{ get: /report }]\n  fill:\n    users: 2\n    duration: 500ms\n    pacing: 100ms\n    steps: [{ get: /fill }]\n",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    let last = hits.iter().filter(|hit| hit.path == "/fill").map(|hit| hit.at).max().unwrap();
    let report = hits.iter().find(|hit| hit.path == "/report").unwrap().at;
    assert!(report >= last + Duration::from_millis(300), "{report:?} is not 300 ms after {last:?}");
}

/// A server that is slow in the first second and a half after its first request.
fn slow_at_first() -> Server {
    let begin = Mutex::new(None::<Instant>);
    Server::start(move |_| {
        let began = *begin.lock().unwrap().get_or_insert_with(Instant::now);
        if began.elapsed() < Duration::from_millis(1500) {
            std::thread::sleep(Duration::from_millis(300));
        }
        Reply::text(200, "ok")
    })
}

#[test]
fn a_threshold_during_steady_leaves_a_slow_ramp_out() {
    let load = "users: 4\nramp_up: 2s\nduration: 4s\npacing: 100ms\nsteps:\n  - get: /";
    let folder = Folder::new();
    let steady = format!("{load}\nthresholds:\n  - {{ threshold: p95 < 200ms, during: steady }}");
    let ran = folder.run_plan(&group(&slow_at_first(), &steady), &[]).expect_code(0);
    assert!(ran.stdout.contains("g: p95 < 200ms (during steady)"), "{}", ran.stdout);
    let whole = format!("{load}\nthresholds: [p95 < 200ms]");
    folder.run_plan(&group(&slow_at_first(), &whole), &[]).expect_code(1);
    let ramp = format!("{load}\nthresholds:\n  - {{ threshold: p95 < 200ms, during: ramp_up }}");
    folder.run_plan(&group(&slow_at_first(), &ramp), &[]).expect_code(1);
}

#[test]
fn a_stage_is_judged_apart() {
    let stages = "stages: [{ users: 2, hold: 1700ms }, { users: 4, hold: 1500ms }]\npacing: 100ms\nsteps:\n  - get: /";
    let folder = Folder::new();
    let second = format!("{stages}\nthresholds: [{{ threshold: max < 200ms, during: stage 2 }}]");
    folder.run_plan(&group(&slow_at_first(), &second), &[]).expect_code(0);
    let first = format!("{stages}\nthresholds: [{{ threshold: max < 200ms, during: stage 1 }}]");
    folder.run_plan(&group(&slow_at_first(), &first), &[]).expect_code(1);
}

#[test]
fn warm_up_is_in_the_timeline_and_in_no_total() {
    let folder = Folder::new();
    let server = slow_at_first();
    let plan = group(
        &server,
        "users: 2\nduration: 3500ms\npacing: 100ms\nwarm_up: 2s\nthresholds: [max < 200ms]\nsteps:\n  - get: /\n    assert: { status: 200 }",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let results = folder.results();
    let counted = results["totals"]["count"].as_u64().unwrap();
    let warm = results["thread_groups"][0]["warm_up_count"].as_u64().unwrap();
    assert_eq!(counted + warm, server.hits().len() as u64);
    assert!(warm > 0 && counted > 0);
    assert_eq!(results["assertions"][0]["passed"], counted);
    let sum = |key: &str| -> u64 {
        let lines = results["timeline"].as_array().unwrap().iter().filter_map(|slice| slice[key].as_array());
        lines.flatten().map(|line| line["count"].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("samplers"), sum("warm_up")), (counted, warm));
    let load = results["thread_groups"][0]["load_s"].as_f64().unwrap();
    assert!((1.4..1.8).contains(&load), "2 of 3.5 s are warm-up, but rates are taken over {load} s");
}

#[test]
fn the_command_line_replaces_the_load_of_one_group() {
    let server = ok();
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }\nthread_groups:\n  closed:\n    users: 50\n    iterations: 1\n    steps: [{ get: /closed }]\n  open:\n    arrival_rate: 500/s\n    duration: 1m\n    steps: [{ get: /open }]\n",
    );
    folder.run_plan(&plan, &["--users", "closed=3", "--rate", "open=20/s", "--duration", "open=1s"]).expect_code(0);
    let count = |path: &str| server.hits().iter().filter(|hit| hit.path == path).count();
    assert_eq!((count("/closed"), count("/open")), (3, 20));

    let ran = folder.run_plan(&plan, &["--users", "3"]).expect_code(2);
    assert!(ran.stderr.contains("`--users` cannot apply to thread group `open`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--users closed=3"), "{}", ran.stderr);
    let ran = folder.run_plan(&plan, &["--rate", "opne=3/s"]).expect_code(2);
    assert!(ran.stderr.contains("did you mean `open`?"), "{}", ran.stderr);
    assert_eq!(count("/closed") + count("/open"), 23, "nothing was sent");
}

#[test]
fn a_thread_without_users_is_not_taken_for_a_busy_one() {
    let server = ok();
    let folder = Folder::new();
    // Both users live on the first thread; the second one is done in a moment.
    let plan = against(
        &server,
        "http: { base_url: BASE }\nthread_groups:\n  a: &g\n    users: 1\n    duration: 2s\n    think_time: 100ms\n    steps: [{ get: / }]\n  b: *g\n",
    );
    folder.run_plan(&plan, &["--strict"]).expect_code(0);
    let busiest = folder.results()["generator"]["busiest_thread_share"].as_f64().unwrap();
    assert!(busiest < 0.9, "{busiest}");
}

#[test]
fn csv_has_a_row_for_every_sample_that_counts_in_jmeters_columns() {
    let server = Server::start(|hit| Reply::text(if hit.path.starts_with("/bad") { 500 } else { 200 }, "ok"));
    let folder = Folder::new();
    let plan = against(
        &server,
        "secrets: { key: s3cr3t-value }\nhttp: { base_url: BASE }\nsetup:\n  - get: /setup\nthread_groups:\n  g:\n    users: 2\n    iterations: 3\n    steps:\n      - transaction: Both\n        steps:\n          - get: /good?key=${key}\n            name: Good, one\n          - get: /bad\n",
    );
    folder.run_plan(&plan, &["--csv", "samples.jtl"]).expect_code(1);
    let text = folder.read("samples.jtl");
    assert!(!text.contains("s3cr3t"), "{text}");
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        rows.headers().unwrap().iter().collect::<Vec<_>>().join(","),
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect"
    );
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 18, "6 iterations of two requests and a transaction");
    let of = |label: &str| rows.iter().filter(|row| &row[2] == label).collect::<Vec<_>>();
    assert_eq!((of("Good, one").len(), of("GET /bad").len(), of("Both").len()), (6, 6, 6));
    let bad = of("GET /bad")[0];
    assert_eq!((&bad[3], &bad[4], &bad[7]), ("500", "Internal Server Error", "false"));
    assert!(bad[8].contains("500"), "{bad:?}");
    let both = of("Both")[0];
    assert_eq!(&both[4], "Number of samples in transaction : 2, number of failing samples : 1");
    assert!(&bad[5] == "g 1-1" || &bad[5] == "g 1-2", "{bad:?}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i128;
    assert!((now - bad[0].parse::<i128>().unwrap()).abs() < 60_000, "{bad:?}");

    let ran = folder.run_plan(&plan, &["--csv", "loadplan-results/results.json"]).expect_code(2);
    assert!(ran.stderr.contains("would both be written to"), "{}", ran.stderr);
}

#[test]
fn the_timeline_adds_up_to_the_totals() {
    let server = ok();
    let folder = Folder::new();
    let plan = group(&server, "users: 8\nduration: 3s\nthroughput: 400/s\nsteps:\n  - get: /a\n  - get: /b");
    folder.run_plan(&plan, &[]).expect_code(0);
    let results = folder.results();
    for (index, line) in results["samplers"].as_array().unwrap().iter().enumerate() {
        let mut all = hdrhistogram::Histogram::<u64>::new(3).unwrap();
        all.auto(true);
        for slice in results["timeline"].as_array().unwrap() {
            for part in slice["samplers"].as_array().unwrap().iter().filter(|part| part["label"] == index) {
                use base64::Engine as _;
                let bytes = base64::prelude::BASE64_STANDARD.decode(part["histogram"].as_str().unwrap()).unwrap();
                let part: hdrhistogram::Histogram<u64> =
                    hdrhistogram::serialization::Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
                all.add(part).unwrap();
            }
        }
        assert_eq!(all.len(), line["count"].as_u64().unwrap());
        for (percentile, key) in [(50.0, "p50_ms"), (95.0, "p95_ms"), (99.0, "p99_ms")] {
            // Both to three significant digits; results.json clamps to the exact extremes.
            let merged = all.value_at_percentile(percentile) as f64 / 1e3;
            let told = line["response_time"][key].as_f64().unwrap();
            assert!((merged - told).abs() <= told * 0.001 + 0.001, "{key}: {merged} and {told}");
        }
    }
}
