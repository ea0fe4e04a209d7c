//! debug
use std::path::PathBuf;
use super::plans::{LoadOverrides, PlanOptions};
use super::terminal::Terminal;
/// Run
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    plan: PathBuf,
    #[command(flatten)]
    options: PlanOptions,
    #[command(flatten)]
    load: LoadOverrides,
}
struct M;
impl crate::engine::Monitor for M {
    fn part(&mut self, name: &'static str) { eprintln!("part {name}"); }
    fn tick(&mut self, a: &crate::metrics::Aggregator, now: std::time::Duration) -> Option<String> { let l = a.live(now); eprintln!("{now:?} {l:?}"); None }
    fn event(&mut self, event: crate::engine::Event) { eprintln!("{event:?}"); }
}
pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let compiled = args.options.compile(&args.plan, &args.load);
    let Some((graph, rest)) = compiled.graph_or_tell(&args.plan, terminal) else { return 2 };
    let graph = std::sync::Arc::new(graph);
    let (_s, stop) = tokio::sync::mpsc::unbounded_channel();
    let input = crate::engine::Input { graph: graph.clone(), proxies: Default::default(), run_id: rest.run_id, seed: rest.seed, masker: crate::mask::Masker::new(rest.secrets), services: vec![], threads: 2, observer: None };
    let f = crate::engine::block_on(crate::engine::run(input, &mut M, stop)).unwrap().unwrap();
    let r = &f.results;
    eprintln!("load {:?} setup {:?} teardown {:?} stop {:?} err {:?}", r.load, f.setup, f.teardown, f.stopped_by, f.internal_error);
    for l in r.samplers.iter().chain(&r.transactions).chain(&r.steps).chain(&r.lifecycle) {
        let s = &l.stats; eprintln!("{:30} n={} fail={} int={} p50={:?} p99={:?} max={:?}", graph.label(l.label).text, s.count, s.failed, s.interrupted, s.response_time.percentile_ms(50.0), s.response_time.percentile_ms(99.0), s.response_time.max_ms());
    }
    for e in &r.errors { eprintln!("{} {} {} {:?} {:?} x{}", graph.label(e.label).text, e.kind.word(), e.message, e.expected, e.actual, e.count); }
    for a in &r.assertions { eprintln!("{} {} {} {:?}", graph.assertions[a.id.index()].text, a.passed, a.failed, a.examples); }
    0
}
