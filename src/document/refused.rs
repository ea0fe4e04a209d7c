//! The document of a plan that was not run: nothing was sent, and reports of an earlier run must
//! not be taken for those of this one.

use std::rc::Rc;

use super::RunInfo;
use super::from_run::{run, tool};
use super::{Document, Generator, LazyList, Lifecycle, Phases, Plan, SCHEMA_URL, SCHEMA_VERSION, Stats, VerdictInfo};
use crate::sanitize::clean;
use crate::verdict::{Generator as Health, RunOutcome, exit};

impl Document<'static> {
    /// A plan that was refused, for these reasons; they are masked already. `name` is the plan's
    /// own, or its file's.
    pub fn refused(info: &RunInfo, name: &str, file: &std::path::Path, reasons: Vec<String>) -> Self {
        let reasons: Vec<String> = reasons.iter().map(|reason| clean(reason).into_owned()).collect();
        Self {
            schema: SCHEMA_URL.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: tool(info),
            run: run(info, 0.0, &RunOutcome::default()),
            plan: Plan { name: clean(name).into_owned(), file: info.shown(file), sha256: info.plan_sha256.clone() },
            verdict: VerdictInfo { passed: false, exit_code: exit::INVALID, summary: reasons.join("; "), reasons },
            lifecycle: Lifecycle::default(),
            totals: Stats {
                count: 0,
                failed: 0,
                interrupted: 0,
                cached: 0,
                reconnects: 0,
                error_rate: None,
                throughput_per_s: None,
                received_bytes: 0,
                sent_bytes: 0,
                failures: Vec::new(),
                statuses: Vec::new(),
                response_time: None,
                service_time: None,
                unsent: 0,
                unanswered: 0,
                cut_short: None,
                phases: Phases::default(),
            },
            samplers: LazyList::default(),
            transactions: LazyList::default(),
            never_executed: LazyList::default(),
            thread_groups: Vec::new(),
            thresholds: LazyList::default(),
            assertions: LazyList::default(),
            errors: Vec::new(),
            generator: Generator::from(&Health::default()),
            slice_s: 1,
            timeline: LazyList::default(),
            monitors: Vec::new(),
            regression: None,
            series: Rc::default(),
        }
    }
}
