//! Cases as XML.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use quick_xml::name::QName;

use super::JunitStyle;
use super::cases::{Case, CaseOutcome, Suite};
use crate::document::Document;
use crate::sanitize::{clean, inline};

/// How long a message may be, in bytes.
const MESSAGE_BYTES: usize = 16 << 10;

type Attributes = [(&'static str, String)];

pub(super) fn write(
    document: &Document<'_>,
    suites: &[Suite],
    style: JunitStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let plan = inline(&document.plan.name);
    // Jenkins splits class names at dots.
    let class_plan = plan.replace('.', "_");
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let counts = Counts::of(all);
    let whole = vec![
        ("name", plan),
        ("tests", counts.tests.to_string()),
        ("failures", counts.failures.to_string()),
        ("errors", counts.errors.to_string()),
        ("time", format!("{:.3}", document.run.duration_s)),
    ];
    element(&mut xml, "testsuites", whole, |xml| {
        for suite in suites {
            let class = format!("{class_plan}.{}", suite.name);
            let counts = Counts::of(suite.cases.iter());
            let attributes = vec![
                ("name", class.clone()),
                ("tests", counts.tests.to_string()),
                ("failures", counts.failures.to_string()),
                ("errors", counts.errors.to_string()),
                ("skipped", counts.skipped.to_string()),
                ("time", format!("{:.3}", suite.time)),
                ("timestamp", document.run.started_at.clone()),
                ("hostname", document.run.host.name.clone()),
            ];
            element(xml, "testsuite", attributes, |xml| {
                suite.cases.iter().try_for_each(|case| write_case(xml, case, &class, style))
            })?;
        }
        Ok(())
    })?;
    xml.get_mut().write_all(b"\n")
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of<'c>(cases: impl Iterator<Item = &'c Case>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.tests += 1;
            match case.outcome {
                CaseOutcome::Passed => {}
                CaseOutcome::Skipped(_) => counts.skipped += 1,
                CaseOutcome::Failure(..) => counts.failures += 1,
                CaseOutcome::Error(..) => counts.errors += 1,
            }
        }
        counts
    }
}

type Xml<'o> = Writer<&'o mut dyn Write>;

fn write_case(xml: &mut Xml<'_>, case: &Case, class: &str, style: JunitStyle) -> io::Result<()> {
    let mut attributes = vec![
        ("name", case.name.clone()),
        ("classname", class.to_owned()),
        ("time", format!("{:.6}", if case.time.is_finite() { case.time } else { 0.0 })),
    ];
    if style == JunitStyle::Default {
        attributes.push(("file", case.place.file.clone()));
        attributes.push(("line", case.place.line.to_string()));
    }
    if matches!(case.outcome, CaseOutcome::Passed) && case.out.is_empty() {
        return empty(xml, "testcase", &attributes);
    }
    let bounded = |text: &str| crate::sanitize::cut(text, MESSAGE_BYTES).into_owned();
    element(xml, "testcase", attributes, |xml| {
        match &case.outcome {
            CaseOutcome::Passed => {}
            CaseOutcome::Skipped(why) => empty(xml, "skipped", &[("message", why.clone())])?,
            CaseOutcome::Failure(kind, message) => problem(xml, "failure", kind, &bounded(message))?,
            CaseOutcome::Error(kind, message) => problem(xml, "error", kind, &bounded(message))?,
        }
        if !case.out.is_empty() {
            element(xml, "system-out", Vec::new(), |xml| text(xml, &bounded(&case.out)))?;
        }
        Ok(())
    })
}

/// Message and body carry the same text: some readers show only the one, some only the other.
fn problem(xml: &mut Xml<'_>, name: &'static str, kind: &str, message: &str) -> io::Result<()> {
    element(xml, name, vec![("message", message.to_owned()), ("type", kind.to_owned())], |xml| text(xml, message))
}

fn text(xml: &mut Xml<'_>, text: &str) -> io::Result<()> {
    xml.write_event(Event::Text(BytesText::new(&clean(text))))
}

fn element(
    xml: &mut Xml<'_>,
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    inside: impl FnOnce(&mut Xml<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let started = start(name, &attributes);
    let ended = started.to_end().into_owned();
    xml.write_event(Event::Start(started.borrow()))?;
    inside(xml)?;
    xml.write_event(Event::End(ended))
}

fn empty(xml: &mut Xml<'_>, name: &'static str, attributes: &Attributes) -> io::Result<()> {
    xml.write_event(Event::Empty(start(name, attributes)))
}

fn start(name: &'static str, attributes: &Attributes) -> BytesStart<'static> {
    let mut started = BytesStart::new(name);
    for (key, value) in attributes {
        started.push_attribute(Attribute { key: QName(key), value: Cow::Owned(escape(&clean(value))) });
    }
    started
}

/// An attribute's value. Line breaks are written as references, else readers make them blanks.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
    out
}
