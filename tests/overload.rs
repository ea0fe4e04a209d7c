//! Loads beyond what this machine can do. They take every processor, so they have a file of their
//! own, and run one at a time: tests beside them would be judged by what is left.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use support::{Folder, Reply, Server, against};

static ALONE: Mutex<()> = Mutex::new(());

/// A plan of one thread group `g` against a server.
fn group(server: &Server, body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    against(server, &format!("http: {{ base_url: BASE }}\nthread_groups:\n  g:\n{body}"))
}

fn ok() -> Server {
    Server::start(|_| Reply::text(200, "ok"))
}

#[test]
fn a_rate_that_this_machine_cannot_reach_is_told_and_strict_makes_it_an_error() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = ok();
    let folder = Folder::new();
    // An iteration takes milliseconds of this machine's own time, so it cannot do thousands a second.
    let plan = group(
        &server,
        "arrival_rate: 3000/s\nduration: 2s\nmax_users: 300\ngraceful_stop: 0s\nthresholds: [dropped < 100000]\nsteps:\n  - get: /\n  - repeat: 3000\n    steps:\n      - set: { x: '${iteration * 3 + loop.index}' }",
    );
    let ran = folder.run_plan(&plan, &[]).expect_code(0);
    assert!(ran.stdout.contains("load generator could not keep up: "), "{}", ran.stdout);
    assert_eq!(folder.results()["generator"]["kept_up"], false);
    let ran = folder.run_plan(&plan, &["--strict"]).expect_code(3);
    assert!(ran.stdout.contains("FAILED (exit 3): the load generator could not keep up"), "{}", ran.stdout);
    assert!(folder.junit().contains("GeneratorTooSlow"), "{}", folder.junit());

    let calm = plan.replace("3000/s", "5/s");
    folder.run_plan(&calm, &[]).expect_code(0);
    let generator = &folder.results()["generator"];
    // On a machine that others keep busy timers may be late all the same.
    let reason = generator["reason"].as_str().unwrap_or_default();
    assert!(generator["kept_up"] == true || reason.contains("late at the 99th percentile"), "{generator}");
    assert!(generator["cpu_share"].as_f64().unwrap() < 0.9, "{generator}");
}

#[test]
fn an_interrupt_is_heard_while_a_rate_outruns_the_machine() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = ok();
    let folder = Folder::new();
    folder
        .write("plan.yaml", group(&server, "arrival_rate: 1000000/s\nduration: 40s\nmax_users: 2\nsteps:\n  - get: /"));
    let mut run = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let begin = Instant::now();
    assert!(std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let code = run.wait().unwrap().code();
    assert!(begin.elapsed() < Duration::from_secs(10), "it took {:?} to stop", begin.elapsed());
    assert_eq!(code, Some(130));
    assert!(folder.results()["thread_groups"][0]["iterations"].as_u64().unwrap() > 100, "users are not starved");
}
