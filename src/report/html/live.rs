//! The page while the run goes: once as a whole, then what has changed.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::packed::pack;
use super::{BUDGET, Packed, Page, Series, fill, shown};
use crate::document::Document;

/// What one viewer has been sent so far.
#[derive(Debug, Default)]
pub struct LivePage {
    /// How long a slice of the timeline was.
    slice_s: u64,
    /// Up to which second the series was sent.
    series_s: u64,
    /// The places of the samplers and transactions that are shown.
    kept: (Vec<usize>, Vec<usize>),
    /// How long a slice of the packed response times is, and which one comes next.
    packed_s: u64,
    next: u64,
}

/// What the page's script is sent.
#[derive(Serialize)]
struct Update<'a> {
    page: Page<'a>,
    /// Whether the page starts anew; else the series and the times continue what was sent.
    whole: bool,
    /// The packed response times, in base64.
    times: String,
}

impl LivePage {
    /// The page before anything has come.
    pub fn page(plan: &str) -> String {
        let mut out = Vec::new();
        let title = format!("running: {plan} – loadplan");
        let plain = "The run is being prepared: services and setup come first.";
        // Memory takes everything.
        let _ = fill(&title, plain, "", "connect-src 'self'", &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// From which second on the timeline is needed for the next update, if its slices are as long.
    pub fn needs_from(&self, slice_s: u64) -> u64 {
        if self.slice_s == slice_s { self.series_s.min(self.next * self.packed_s) } else { 0 }
    }

    /// What to send now, if there is anything: `document` holds the timeline from second `from_s`
    /// to second `until_s`.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn update(&mut self, document: &Document<'_>, from_s: u64, until_s: u64) -> io::Result<Option<String>> {
        let (samplers, kept, more) = shown(document.samplers.iter());
        let (transactions, kept_transactions, more_transactions) = shown(document.transactions.iter());
        let kept = (kept, kept_transactions);
        let whole = self.slice_s != document.slice_s || self.kept != kept;
        if whole && from_s > 0 {
            // A line was reached for the first time: the next update brings the whole.
            *self = Self::default();
            return Ok(None);
        }
        if whole {
            let packed_s = Packed::of(document, (&kept.0, &kept.1), BUDGET).slice_s;
            *self = Self { slice_s: document.slice_s, kept, packed_s, ..Self::default() };
        }
        let series = Series::of(document, self.series_s);
        let mut times = Vec::new();
        let kept = (self.kept.0.as_slice(), self.kept.1.as_slice());
        pack(document, kept, self.packed_s, &mut self.next, until_s, |bytes| times.extend_from_slice(bytes));
        self.series_s = until_s;
        let more_lines = more + more_transactions;
        let page = Page { live: true, ..Page::of(document, samplers, transactions, more_lines, series, self.packed_s) };
        let update = Update { page, whole, times: BASE64_STANDARD.encode(times) };
        Ok(Some(serde_json::to_string(&update)?))
    }

    /// The page of a run that has ended.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn last(document: &Document<'_>) -> io::Result<String> {
        let (page, _, kept) = super::page(document);
        let mut times = Vec::new();
        let kept = (kept.0.as_slice(), kept.1.as_slice());
        pack(document, kept, page.packed_s, &mut 0, u64::MAX, |bytes| times.extend_from_slice(bytes));
        Ok(serde_json::to_string(&Update { page, whole: true, times: BASE64_STANDARD.encode(times) })?)
    }
}
