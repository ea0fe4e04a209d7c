//! The watch over worker threads: which are not waited for any longer.

use std::time::Duration;

use super::shared::Stops;
use crate::graph::ExecutionGraph;

/// The most that a look counts for, where it comes late: then this process was held up, as by Ctrl-Z or
/// `docker pause`, and its threads were too.
const LATE_TICK: Duration = Duration::from_millis(500);
/// How long a worker thread may say nothing before it is taken for stuck: it hands over what it
/// counted twice a second.
const SILENT: Duration = Duration::from_secs(2);
/// How long the end of a run waits for it beyond the time its users were given.
const OVERDUE: Duration = Duration::from_secs(1);
/// The same once SIGTERM has come, also for one that says something now and then.
const OVERDUE_ON_SIGTERM: Duration = Duration::from_secs(2);
/// A thread that says nothing for so long never will, whatever the plan allows.
const LOST: Duration = Duration::from_secs(60);

/// When each worker thread was heard of last: a run ends and is written down even when one of them
/// never answers again.
pub(super) struct Threads {
    /// How long this process has been awake since load began: the time in which it was suspended, and
    /// its threads with it, is omitted.
    awake: Duration,
    /// When it was looked at last, from the moment load began.
    looked: Duration,
    /// When each was heard of, in time awake; `None` for one that has ended.
    heard: Vec<Option<Duration>>,
    /// By when every group's users have ended, where the plan says so.
    planned: Option<Duration>,
    /// How long users may finish after the word to stop, and after SIGTERM.
    pub(super) grace: [Duration; 2],
    /// When the word to stop, or to hurry, was noticed, in time awake.
    told: [Option<Duration>; 2],
    /// Which signal asked for hurry, if one did.
    pub(super) signal: &'static str,
}

impl Threads {
    pub(super) fn new(graph: &ExecutionGraph, threads: usize) -> Self {
        let longest = |of: fn(&crate::graph::Group) -> Duration| graph.groups.iter().map(of).max().unwrap_or_default();
        let grace = [longest(|group| group.graceful_stop), longest(|group| group.graceful_stop_on_sigterm)];
        let ends: Option<Vec<Duration>> = graph.planned_ends().into_iter().collect();
        let planned = ends.and_then(|ends| ends.into_iter().max()).map(|end| end + grace[0]);
        let heard = vec![Some(Duration::ZERO); threads];
        Self {
            awake: Duration::ZERO,
            looked: Duration::ZERO,
            heard,
            planned,
            grace,
            told: [None; 2],
            signal: "SIGTERM",
        }
    }

    pub(super) fn heard(&mut self, thread: usize) {
        if let Some(Some(at)) = self.heard.get_mut(thread) {
            *at = self.awake;
        }
    }

    /// Time has passed, from the moment load began.
    pub(super) fn tick(&mut self, now: Duration) {
        self.awake += now.saturating_sub(self.looked).min(LATE_TICK);
        self.looked = now;
    }

    /// Those that have not ended.
    pub(super) fn unended(&self) -> Vec<bool> {
        self.heard.iter().map(Option::is_some).collect()
    }

    pub(super) fn ended(&mut self, thread: usize) {
        if let Some(at) = self.heard.get_mut(thread) {
            *at = None;
        }
    }

    /// The threads that are not waited for any longer, in words.
    pub(super) fn stuck(&mut self, now: Duration, stops: &Stops) -> Option<String> {
        let awake = self.awake;
        for (told, at) in [stops.all, stops.hurry].into_iter().zip(&mut self.told) {
            if told {
                at.get_or_insert(awake);
            }
        }
        // SIGTERM after Ctrl-C: the time that users had since then counts.
        let due =
            self.told.iter().zip(self.grace).filter_map(|(told, grace)| told.and(self.told[0]).map(|at| at + grace));
        let told = due.min().is_some_and(|due| awake >= due + OVERDUE);
        let planned = self.planned.is_some_and(|due| now >= due + OVERDUE);
        let silent: Vec<Duration> = self.heard.iter().flatten().map(|at| awake.saturating_sub(*at)).collect();
        let least = silent.iter().min()?;
        let over = (told || planned) && *least >= SILENT;
        let (count, s, were) = if silent.len() == 1 { (1, "", "was") } else { (silent.len(), "s", "were") };
        if over || *least >= LOST {
            return Some(format!(
                "{count} worker thread{s} did not respond for {} s and {were} abandoned; the work of their users during that time is not counted",
                least.as_secs()
            ));
        }
        let hurried = self.told[1].and(self.told[0]).map(|at| at + self.grace[1] + OVERDUE_ON_SIGTERM);
        hurried.is_some_and(|due| awake >= due).then(|| {
            let signal = self.signal;
            format!(
                "{count} worker thread{s} did not end in time after {signal} and {were} abandoned; the last work of their users is not counted"
            )
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::sync::{Arc, Condvar, Mutex};

    use tokio::sync::mpsc::unbounded_channel;

    use super::super::clock::Clock;
    use super::super::events::{Event, EventSender, Row, RowSink, Rows};
    use super::super::run::{Input, Monitor, block_on, run};
    use super::super::shared::Shared;
    use super::super::worker::Work;
    use super::*;
    use crate::fixture::Fixture;
    use crate::mask::Masker;
    use crate::metrics::{Aggregator, Shape};
    use crate::protocols::http::client::{ProxyEnvironment, Transport};
    use crate::stop_reason::StopReason;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// Two threads whose users may finish for 10 s, for 5 s after SIGTERM, in a run of 60 s.
    fn threads() -> Threads {
        Threads {
            awake: S(0),
            looked: S(0),
            heard: vec![Some(S(0)); 2],
            planned: Some(S(70)),
            grace: [S(10), S(5)],
            told: [None; 2],
            signal: "SIGTERM",
        }
    }

    /// As in a run that is never held up.
    impl Threads {
        fn heard_at(&mut self, thread: usize, at: Duration) {
            (self.awake, self.looked) = (at, at);
            self.heard(thread);
        }

        fn stuck_at(&mut self, now: Duration, stops: &Stops) -> Option<String> {
            (self.awake, self.looked) = (now, now);
            self.stuck(now, stops)
        }
    }

    fn stops(all: bool, hurry: bool) -> Stops {
        Stops { all, hurry, ..Stops::default() }
    }

    #[test]
    fn regression_d2_a_thread_that_never_answers_is_given_up_when_the_run_is_to_end() {
        let mut told = threads();
        told.heard_at(0, S(20));
        told.ended(0);
        told.heard_at(1, S(19));
        assert_eq!(told.stuck_at(S(20), &stops(false, false)), None, "nobody asked it to end");
        assert_eq!(told.stuck_at(S(21), &stops(true, false)), None);
        // Told at 21 s, its users may finish until 31 s; a second later it is overdue.
        assert_eq!(told.stuck_at(S(31), &stops(true, false)), None);
        assert!(
            told.stuck_at(S(32), &stops(true, false)).is_some_and(|said| said.starts_with("1 worker thread did not"))
        );

        let mut hurried = threads();
        assert_eq!(hurried.stuck_at(S(20), &stops(true, true)), None);
        assert_eq!(hurried.stuck_at(S(25), &stops(true, true)), None);
        assert!(hurried.stuck_at(S(26), &stops(true, true)).is_some());
    }

    #[test]
    fn regression_threads_are_not_given_up_because_the_process_was_suspended() {
        // Ctrl-Z for ten minutes in a run without an end, then `fg`: the next look comes late.
        let mut endless = Threads { planned: None, ..threads() };
        for look in 1..=40 {
            endless.tick(Duration::from_millis(look * 250));
            endless.heard(0);
            endless.heard(1);
        }
        endless.tick(S(610));
        assert_eq!(endless.stuck(S(610), &stops(false, false)), None);
        // The same after the word to stop: the time of the users is what they were awake.
        assert_eq!(endless.stuck(S(610), &stops(true, true)), None);
        endless.tick(S(1210));
        assert_eq!(endless.stuck(S(1210), &stops(true, true)), None);
        // One that says nothing although it could is abandoned as ever: 5 s and one more.
        // Told when it had been awake for 10.5 s, it has been so for 11 s.
        let mut looks = (1..=40).map(|look| S(1210) + Duration::from_millis(look * 250));
        let given_up = looks.find(|now| {
            endless.tick(*now);
            endless.stuck(*now, &stops(true, true)).is_some()
        });
        assert_eq!(given_up, Some(S(1210) + Duration::from_millis(5500)));
    }

    #[test]
    fn threads_that_answer_are_waited_for() {
        let mut threads = threads();
        for second in 1..100 {
            threads.heard_at(0, S(second));
            threads.heard_at(1, S(second));
            assert_eq!(threads.stuck_at(S(second) + Duration::from_millis(900), &stops(true, false)), None);
        }
        threads.ended(0);
        threads.ended(1);
        assert_eq!(threads.stuck_at(S(200), &stops(true, true)), None, "all have ended");
    }

    #[test]
    fn regression_after_sigterm_threads_that_answer_now_and_then_do_not_make_the_reports_late() {
        // SIGTERM at 20 s, 5 s for the users, 2 s beyond that: 27 s.
        let mut told = threads();
        for half in 40..54 {
            let now = Duration::from_millis(half * 500);
            told.heard_at(0, now);
            told.heard_at(1, now);
            assert_eq!(told.stuck_at(now, &stops(true, true)), None, "{now:?}");
        }
        told.ended(1);
        let said = told.stuck_at(S(27), &stops(true, true));
        assert!(said.is_some_and(|said| said.starts_with("1 worker thread did not end in time after SIGTERM")));
    }

    #[test]
    fn without_a_word_to_stop_a_run_ends_when_its_time_and_the_users_are_over() {
        let mut planned = threads();
        planned.heard_at(0, S(60));
        planned.heard_at(1, S(68));
        assert_eq!(planned.stuck_at(S(70), &stops(false, false)), None);
        assert!(planned.stuck_at(S(71), &stops(false, false)).is_some());
        let mut endless = Threads { planned: None, ..threads() };
        endless.heard_at(0, S(50));
        endless.heard_at(1, S(45));
        assert_eq!(endless.stuck_at(S(109), &stops(false, false)), None);
        assert!(endless.stuck_at(S(110), &stops(false, false)).is_some(), "a minute without a word");
    }

    /// Holds the first row, and its thread with it, until it is let go.
    #[derive(Clone, Default)]
    struct Held(Arc<(Mutex<bool>, Condvar)>);

    impl Rows for Held {
        fn sink(&self, _elapsed: Duration) -> Box<dyn RowSink> {
            Box::new(self.clone())
        }
    }

    impl RowSink for Held {
        fn row(&mut self, _row: &Row<'_>) {
            let (free, changed) = &*self.0;
            drop(changed.wait_while(free.lock().unwrap(), |free| !*free).unwrap());
        }

        fn flush(&mut self) {}
    }

    impl Monitor for Held {
        fn part(&mut self, name: &'static str) {
            if name == "teardown" {
                *self.0.0.lock().unwrap() = true;
                self.0.1.notify_all();
            }
        }

        fn tick(&mut self, _aggregator: &Aggregator, _now: Duration) -> Option<String> {
            None
        }

        fn event(&mut self, _event: Event) {}
    }

    #[test]
    fn regression_what_comes_of_threads_that_were_given_up_is_not_counted() {
        // Nobody listens on port 9: each request fails at once, and the row of the first is held.
        let plan = "http: { base_url: 'http://127.0.0.1:9' }\nthread_groups:\n  g: { duration: 1s, graceful_stop: 0s, steps: [{ get: /a }] }\nteardown: [{ pause: 2s }]\n";
        let held = Held::default();
        let input = Input {
            graph: Arc::new(Fixture::new(plan).graph),
            proxies: ProxyEnvironment::from_vars(|_| None),
            run_id: "".into(),
            seed: 0,
            masker: Masker::default(),
            services: Vec::new(),
            threads: 1,
            observer: None,
            rows: Some(Arc::new(held.clone())),
            thread_time: || None,
        };
        let (_stopper, stop) = unbounded_channel();
        let finished = block_on(async { run(input, &mut held.clone(), &mut { stop }).await }).unwrap().unwrap();
        assert!(finished.abandoned.is_some());
        assert_eq!(finished.results.totals.count, 0, "it came back during teardown");
    }

    #[test]
    fn regression_threads_that_were_given_up_apply_no_more_load_when_they_go_on() {
        // A server that takes connections and never says anything.
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let plan = format!(
            "http: {{ base_url: 'http://{}', timeout: 600s }}\nthread_groups:\n  g: {{ duration: 600s, graceful_stop: 600s, steps: [{{ get: /a }}] }}\n",
            server.local_addr().unwrap()
        );
        let graph = Arc::new(Fixture::new(&plan).graph);
        let proxies = ProxyEnvironment::from_vars(|_| None);
        let transports = graph.transports.iter().map(|one| Transport::new(one.clone(), &proxies).unwrap()).collect();
        let shared = Shared::new(graph.clone(), transports, "".into(), 0, Masker::default(), false, 1).unwrap();
        let shared = Arc::new(shared);
        let work = Work {
            shape: Shape::of(&graph),
            shared: shared.clone(),
            clock: Clock::start(true),
            index: 0,
            threads: 1,
            slots: graph.slots.iter().map(|slot| slot.initial.clone()).collect(),
            batches: unbounded_channel().0,
            events: EventSender::new().0,
            panic: Arc::default(),
            rows: None,
            thread_time: || None,
        };
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(work.run()));
        let _open = server.accept().unwrap();
        shared.stop_all(StopReason::Terminate);
        assert!(ended.recv_timeout(Duration::from_secs(1)).is_err(), "it has 600 s to finish");
        shared.abandon();
        assert!(ended.recv_timeout(Duration::from_secs(60)).is_ok());
    }
}
