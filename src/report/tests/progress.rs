use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressDrawTarget, TermLike};

use crate::fixture::{Fixture, PLAN};
use crate::metrics::{Live, LiveGroup};
use crate::report::progress::Progress;

#[derive(Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SharedBuffer {
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
    let out = SharedBuffer::default();
    let mut progress = Progress::lines(&run.graph, &run.masker, Box::new(out.clone()));
    for quarter in 0..100 {
        progress.update(&live(), Duration::from_millis(quarter * 250));
    }
    let line = |s| format!("{s}s of 2m 00s, 2 users, 1 234 requests, 1 error; now 120/s, p50 12 ms, p95 30.5 ms\n");
    assert_eq!(out.text(), line(10) + &line(20));
}

#[test]
fn a_block_that_nobody_sees_is_harmless() {
    let run = Fixture::new(PLAN);
    let mut progress = Progress::on(&run.graph, &run.masker, ProgressDrawTarget::hidden());
    progress.update(&live(), Duration::from_secs(1));
    progress.print("hello");
    progress.finish();
    progress.update(&live(), Duration::from_secs(2));
}

#[test]
fn lines_that_are_overdue_come_once() {
    let run = Fixture::new(PLAN);
    let out = SharedBuffer::default();
    let mut progress = Progress::lines(&run.graph, &run.masker, Box::new(out.clone()));
    progress.update(&Live::default(), Duration::from_secs(45));
    progress.update(&Live::default(), Duration::from_secs(46));
    assert_eq!(out.text(), "45s, 0 users, 0 requests, 0 errors; now 0/s\n");
}

#[test]
fn foreign_text_stands_behind_a_bar() {
    let run = Fixture::new(PLAN);
    let out = SharedBuffer::default();
    let mut progress = Progress::lines(&run.graph, &run.masker, Box::new(out.clone()));
    progress.print("::warning::\u{1b}[31mhello\nthere");
    assert_eq!(out.text(), "| : :warning: :hello\n| there\n");
    progress.finish();
    progress.print("nothing more");
    assert!(!out.text().contains("nothing more"));
}

/// A terminal 80 columns wide that keeps what is written to it.
#[derive(Clone, Debug, Default)]
struct Screen(Arc<Mutex<String>>);

impl Screen {
    fn push(&self, text: &str) -> io::Result<()> {
        self.0.lock().expect("no panic").push_str(text);
        Ok(())
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        80
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.push(line)?;
        self.push("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.push(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_block_shows_figures_and_a_bar_per_group() {
    let run = Fixture::new(&PLAN.replace("iterations: 5", "duration: 2m"));
    let screen = Screen::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
    let mut progress = Progress::on(&run.graph, &run.masker, target);
    progress.update(&live(), Duration::from_secs(60));
    std::thread::sleep(Duration::from_millis(20));
    progress.update(&live(), Duration::from_secs(60));
    progress.print("hello");
    progress.finish();
    let seen = screen.0.lock().expect("no panic").clone();
    for part in [
        "1m 00s of 2m 00s, 2 users",
        "1 234 requests, 1 error; now 120/s, p50 12 ms, p95 30.5 ms",
        "traders [===============>              ] 2 of 2 users, 4 iterations",
        "| hello",
    ] {
        assert!(seen.contains(part), "no {part:?} in\n{seen}");
    }
}
