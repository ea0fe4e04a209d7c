use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::metrics::{Live, LiveGroup};
use crate::report::fixture::{Fixture, PLAN};
use crate::report::progress::Progress;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("it is UTF-8")
    }
}

fn live() -> Live {
    Live {
        count: 1_234,
        failed: 1,
        rate: 120.04,
        percentiles_ms: [Some(12.0), Some(30.5), None],
        groups: vec![LiveGroup { users: 2, iterations: 4 }],
    }
}

#[test]
fn without_a_terminal_there_is_a_line_every_ten_seconds() {
    let run = Fixture::new(&PLAN.replace("iterations: 5", "duration: 2m"));
    let out = Shared::default();
    let mut progress = Progress::lines(&run.graph, Box::new(out.clone()));
    for quarter in 0..100 {
        progress.update(&live(), Duration::from_millis(quarter * 250));
    }
    let line = |s| format!("{s}s of 2m 00s, 2 users, 1 234 requests, 120/s, p50 12 ms, p95 30.5 ms, 1 error\n");
    assert_eq!(out.text(), line(10) + &line(20));
}

#[test]
fn lines_that_are_overdue_come_once() {
    let run = Fixture::new(PLAN);
    let out = Shared::default();
    let mut progress = Progress::lines(&run.graph, Box::new(out.clone()));
    progress.update(&Live::default(), Duration::from_secs(45));
    progress.update(&Live::default(), Duration::from_secs(46));
    assert_eq!(out.text(), "45s, 0 users, 0 requests, 0/s, 0 errors\n");
}

#[test]
fn foreign_text_stands_behind_a_bar() {
    let run = Fixture::new(PLAN);
    let out = Shared::default();
    let mut progress = Progress::lines(&run.graph, Box::new(out.clone()));
    progress.print("::warning::\u{1b}[31mhello\nthere");
    assert_eq!(out.text(), "| : :warning: :hello\n| there\n");
    progress.finish();
    progress.print("nothing more");
    assert!(!out.text().contains("nothing more"));
}
