//! `report.html`: the whole run as one page for people.
//!
//! The page holds everything it needs: no request leaves it, and its own content-security policy
//! allows none. Where a stricter policy forbids even its own script and style, as some CI servers
//! do for artifacts, the summary of the console is there as text.
//!
//! The data lie in it compressed: the document without its timeline, the figures of the whole run
//! for each slice ([`series`]), and the response times of each line for each slice ([`packed`]),
//! from which the table is computed anew for any part of the run.

mod live;
mod packed;

use std::collections::HashSet;
use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Format, causes, console, hints};
use crate::document::Document;
use crate::document::Series;
use crate::document::{Error, LazyList, Line, Threshold, Unreached};
use crate::sanitize::clean;
pub use live::LivePage;
use packed::Packed;

/// How many lines of the report the page shows; those with errors come before the others.
const LINES: usize = 500;
/// How many requests that were never reached are named.
const NEVER: usize = 50;
/// How many groups of equal failures are shown.
const ERRORS: usize = 200;
/// How many bytes the response times of the lines may take, compressed: the whole page stays
/// below 3 MB.
const BUDGET: usize = 1_500_000;

const PAGE: &str = include_str!("html/page.html");
const STYLES: [&str; 2] = [include_str!("html/vendor/uplot-1.6.32/uPlot.min.css"), include_str!("html/page.css")];
const SCRIPTS: [&str; 12] = [
    "/*",
    include_str!("html/vendor/uplot-1.6.32/LICENSE"),
    "*/",
    include_str!("html/vendor/uplot-1.6.32/uPlot.iife.min.js"),
    include_str!("html/times.js"),
    include_str!("html/base.js"),
    include_str!("html/charts.js"),
    include_str!("html/live.js"),
    include_str!("html/course.js"),
    include_str!("html/table.js"),
    include_str!("html/failures.js"),
    include_str!("html/page.js"),
];

/// The format of `report.html`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

impl Format for Html {
    fn name(&self) -> &'static str {
        "report"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        let (page, packed, _) = page(document);
        let data = format!(
            "<script type=\"application/octet-stream\" id=\"data\">{}</script>\n\
             <script type=\"application/octet-stream\" id=\"packed\">{}</script>",
            compressed(&serde_json::to_vec(&page)?)?,
            BASE64_STANDARD.encode(&packed),
        );
        let verdict = if document.verdict.passed { "passed" } else { "failed" };
        let title = format!("{verdict}: {} – loadplan", crate::sanitize::inline(&document.plan.name));
        fill(&title, &console::summary(document, &[], false), &data, "connect-src 'none'", out)
    }
}

/// What the page's script works with.
#[derive(Serialize)]
struct Page<'a> {
    /// Whether the run still goes.
    live: bool,
    document: Document<'a>,
    /// Lines of the report, requests that were never reached and failures that are not shown.
    more_lines: usize,
    more_never: usize,
    more_errors: usize,
    series: Series,
    /// How many seconds a slice of the packed response times covers.
    packed_s: u64,
    /// What the figures suggest, in sentences.
    hints: Vec<String>,
    /// The document's errors by cause.
    causes: Vec<Cause>,
}

/// Failures of one cause.
#[derive(Serialize)]
struct Cause {
    /// What happened.
    text: String,
    /// How many samples failed so.
    count: u64,
    /// The places of its failures in the document's `errors`.
    errors: Vec<usize>,
    /// What it may come from.
    hint: Option<&'static str>,
}

impl<'a> Page<'a> {
    fn of(
        document: &Document<'a>,
        samplers: Vec<Line>,
        transactions: Vec<Line>,
        more_lines: usize,
        series: Series,
        packed_s: u64,
    ) -> Self {
        let titles: HashSet<String> = samplers.iter().map(|line| line.title().to_owned()).collect();
        let (thresholds, assertions) = (document.thresholds.clone(), document.assertions.clone());
        let never: Vec<Unreached> = document.never_executed.iter().take(NEVER).collect();
        let errors: Vec<Error> = document.errors.iter().take(ERRORS).cloned().collect();
        let causes = causes::by_cause(document, errors.iter().enumerate()).into_iter().map(|group| Cause {
            text: group.summary(),
            count: group.count,
            errors: group.errors.iter().map(|(place, _)| *place).collect(),
            hint: group.hint(),
        });
        let causes = causes.collect();
        Self {
            live: false,
            more_lines,
            more_never: document.never_executed.iter().count() - never.len(),
            more_errors: document.errors.len() - errors.len(),
            document: Document {
                samplers: samplers.into(),
                transactions: transactions.into(),
                thresholds: LazyList::new(move || thresholds.iter().filter(Threshold::is_shown)),
                assertions: LazyList::new(move || {
                    let titles = titles.clone();
                    assertions.iter().filter(move |one| titles.contains(one.title()))
                }),
                never_executed: never.into(),
                errors,
                timeline: LazyList::default(),
                ..document.clone()
            },
            series,
            packed_s,
            hints: Vec::new(),
            causes,
        }
    }
}

/// The page of a run that has ended, the packed times, and the places of what is shown.
fn page<'a>(document: &Document<'a>) -> (Page<'a>, Vec<u8>, (Vec<usize>, Vec<usize>)) {
    let (samplers, kept, more) = shown(document.samplers.iter());
    let (transactions, kept_transactions, more_transactions) = shown(document.transactions.iter());
    let series = document.series().clone();
    let hints = hints::of_document(document);
    let packed = Packed::of(document, (&kept, &kept_transactions), BUDGET);
    let more_lines = more + more_transactions;
    let page = Page { hints, ..Page::of(document, samplers, transactions, more_lines, series, packed.slice_s) };
    (page, packed.compressed, (kept, kept_transactions))
}

/// The lines that are shown, their places among all, and how many are not.
fn shown(lines: impl Iterator<Item = Line>) -> (Vec<Line>, Vec<usize>, usize) {
    let (lines, all) = console::sections::failed_first(lines, LINES);
    let more = all - lines.len();
    let (places, lines) = lines.into_iter().unzip();
    (lines, places, more)
}

fn compressed(bytes: &[u8]) -> io::Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(BASE64_STANDARD.encode(encoder.finish()?))
}

/// Writes the page around its data.
fn fill(title: &str, plain: &str, data: &str, connect: &str, out: &mut dyn Write) -> io::Result<()> {
    let (style, script) = (STYLES.join("\n"), SCRIPTS.join("\n"));
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; {connect}; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style),
    );
    let parts = [
        ("policy", policy.as_str()),
        ("title", &escaped(title)),
        ("style", &style),
        ("plain", &escaped(plain)),
        ("data", data),
        ("script", &script),
    ];
    // Marks are found in the template only, never in what was put into it.
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("<!--=") {
        out.write_all(before.as_bytes())?;
        let Some((name, after)) = after.split_once("-->") else { break };
        if let Some((_, part)) = parts.iter().find(|(known, _)| *known == name) {
            out.write_all(part.as_bytes())?;
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// Text for an HTML document, attributes included.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
