use std::io::Read as _;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::ZlibDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::five_alike;
use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::report::{Format, Html};

fn written(run: &Finished) -> String {
    let mut out = Vec::new();
    Html.render(&run.document(), &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end}")).0
}

fn block(page: &str, id: &str) -> Vec<u8> {
    let packed = BASE64_STANDARD
        .decode(between(page, &format!("<script type=\"application/octet-stream\" id=\"{id}\">"), "</script>"))
        .expect("base64");
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("it is compressed");
    bytes
}

/// The numbers of the packed times, and where the next one is.
struct Numbers<'b>(&'b [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.0[0];
            self.0 = &self.0[1..];
            number |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                return number;
            }
        }
    }
}

/// For each line, its samples, failed samples and recorded times; and how many slices there are.
fn summed(bytes: &[u8]) -> (Vec<(u64, u64, u64)>, usize) {
    let mut numbers = Numbers(bytes);
    let (mut lines, mut slices): (Vec<(u64, u64, u64)>, usize) = (Vec::new(), 0);
    while !numbers.0.is_empty() {
        slices += 1;
        numbers.next();
        let mut line = 0;
        for _ in 0..numbers.next() {
            line += numbers.next() as usize;
            lines.resize(lines.len().max(line + 1), (0, 0, 0));
            lines[line].0 += numbers.next();
            lines[line].1 += numbers.next();
            for _ in 0..numbers.next() {
                numbers.next();
                lines[line].2 += numbers.next();
            }
        }
    }
    (lines, slices)
}

#[test]
fn the_page_holds_the_document_and_every_recorded_time() {
    let page = written(&eventful().finish());
    let data: Value = serde_json::from_slice(&block(&page, "data")).expect("it is JSON");
    assert_eq!(data["document"]["totals"]["count"], 9);
    assert_eq!(data["document"]["timeline"], serde_json::json!([]));
    assert_eq!(data["packed_s"], 1);
    // Market data and orders, then the transaction, then both requests together; what was refused
    // has no time.
    assert_eq!(summed(&block(&page, "packed")).0, [(5, 1, 4), (4, 3, 4), (4, 3, 4), (9, 4, 8)]);
    assert_eq!(data["document"]["transactions"][0]["requests"], serde_json::json!(["POST /orders"]));
    let statuses = |line: &Value| -> Vec<(u64, u64)> {
        let list = line["statuses"].as_array().expect("a list").iter();
        list.map(|one| (one["status"].as_u64().unwrap_or(0), one["count"].as_u64().unwrap_or(0))).collect()
    };
    // Four of market data's five requests got a response; orders got 200, 500 twice and 503.
    assert_eq!(statuses(&data["document"]["samplers"][0]), [(200, 4)]);
    assert_eq!(statuses(&data["document"]["samplers"][1]), [(200, 1), (500, 2), (503, 1)]);
    assert_eq!(statuses(&data["document"]["totals"]), [(200, 5), (500, 2), (503, 1)]);
    let causes = data["causes"].as_array().expect("a list");
    assert_eq!(causes.len(), 2, "{causes:?}");
    assert_eq!(causes[0]["text"], "status is 201: got status 500 or 503");
    let hint = causes[0]["hint"].as_str().expect("a hint");
    assert!(hint.starts_with("The server failed to handle this request"), "{hint}");
}

#[test]
fn regression_one_cause_on_five_requests_is_one_group() {
    let run = five_alike();
    let data: Value = serde_json::from_slice(&block(&written(&run), "data")).expect("it is JSON");
    let causes = data["causes"].as_array().expect("a list");
    assert_eq!(causes.len(), 1, "{causes:?}");
    assert_eq!((&causes[0]["text"], &causes[0]["count"]), (&"got status 503".into(), &15.into()));
    assert_eq!(causes[0]["errors"].as_array().map(Vec::len), Some(5));
}

#[test]
fn a_stage_says_where_its_ramp_ends_and_its_hold_begins() {
    let stages = "    stages:\n      - { users: 2, over: 5s, hold: 3s }\n      - { users: 4, over: 2s }\n      - { users: 1, hold: 1s }\n";
    let run = Fixture::new(&PLAN.replace("    users: 2\n    iterations: 5\n", stages)).finish();
    let data: Value = serde_json::from_slice(&block(&written(&run), "data")).expect("it is JSON");
    let parts = data["document"]["thread_groups"][0]["parts"].as_array().expect("a list");
    let of = |part: &Value| (part["from_s"].as_f64(), part["hold_s"].as_f64(), part["to_s"].as_f64());
    // Only the first stage has both; the last one jumps.
    assert_eq!(
        parts.iter().map(of).collect::<Vec<_>>(),
        [(Some(0.0), Some(5.0), Some(8.0)), (Some(8.0), None, Some(10.0)), (Some(10.0), None, Some(11.0))]
    );
}

#[test]
fn the_policy_allows_the_pages_own_script_and_style_and_nothing_else() {
    let page = written(&eventful().finish());
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains("connect-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for (name, text) in
        [("style", between(&page, "<style>", "</style>")), ("script", between(&page, "\n<script>", "</script>"))]
    {
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{name}-src 'sha256-{hash}'")), "{policy}");
    }
    assert!(!page.contains(" style=\"") && !page.contains(" onclick"), "a strict policy forbids these");
    assert!(!page.contains("src=\"") && !page.contains("url("), "nothing is fetched");
}

#[test]
fn no_text_of_plan_or_server_becomes_markup() {
    let hostile = "</pre></script><script>alert(1)</script><!--=data--> \u{1b}[31m";
    let plan = PLAN.replace("Trading v1.2", "</title><script>alert(1)</script>");
    let mut run = Fixture::new(&plan);
    let failure = run.failed("status is 200", "200", hostile);
    run.answered("GET /market", 1.0, 10, &[failure], hostile);
    let page = written(&run.finish());
    assert_eq!(page.matches("<script").count(), 3, "data, times and the page's own");
    assert_eq!(page.matches("</script>").count(), 3);
    assert!(!page.contains('\u{1b}'));
    assert_eq!(page.matches("id=\"data\"").count(), 1);
}

#[test]
fn a_long_run_of_many_lines_stays_below_three_megabytes() {
    let steps: String = (0..50).map(|line| format!("      - get: /line/{line}\n")).collect();
    let head = PLAN.split_once("      - get: /market").expect("the steps").0;
    let mut run = Fixture::new(&format!("{head}{steps}"));
    // Ten minutes, ten samples per second and line, spread over three powers of ten.
    let (mut random, begin) = (1_u64, Instant::now());
    for second in 0..600 {
        for line in 0..50 {
            for sample in 0..10 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let ms = 10.0_f64.powf((random >> 40) as f64 / (1 << 24) as f64 * 3.0);
                run.passes(&format!("GET /line/{line}"), f64::from(second) + f64::from(sample) / 10.0, ms as u64 + 1);
            }
        }
    }
    let run = run.finish();
    let page = written(&run);
    assert!(page.len() < 3_000_000, "{} bytes after {:?}", page.len(), begin.elapsed());
    let (lines, slices) = summed(&block(&page, "packed"));
    assert!((30..=600).contains(&slices), "{slices} slices");
    assert_eq!(lines[..50], vec![(6_000, 0, 6_000); 50]);
    assert_eq!(lines[50..], [(300_000, 0, 300_000)]);
}
