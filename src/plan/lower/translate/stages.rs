//! Stages of a load as k6, Artillery, Taurus and JMeter's plug-ins write them.

use super::{find, is_one_of};
use crate::diagnostic::Diagnostic;
use crate::plan::keys::STAGE;
use crate::plan::lower::Lower;
use crate::units::{bare_number, parse_duration, parse_rate};
use crate::yaml::{Entry, Node};

const USERS: [&str; 8] =
    ["users", "target", "threads", "Start Threads Count", "concurrency", "vus", "user_count", "target_concurrency"];
const RATE: [&str; 6] = ["rate", "arrivalRate", "rps", "target_rps", "arrival_rate", "throughput"];
const RAMP: [&str; 6] = ["over", "ramp_up", "ramp-up", "ramp", "Startup Time", "during"];
const LASTS: [&str; 2] = ["duration", "time"];
const HOLD: [&str; 7] = ["hold", "hold-for", "Hold Load For", "lasting", "hold_time", "for", "stay"];
const RAMP_TO: [&str; 3] = ["rampTo", "ramp_to", "to"];
const LABEL: [&str; 3] = ["name", "description", "comment"];
const DELAY: [&str; 2] = ["Initial Delay", "delay"];
const SHUTDOWN: [&str; 3] = ["Shutdown Time", "ramp_down", "ramp-down"];

/// What is told of a stage that cannot be translated.
enum Untold {
    /// It is ours, or the rest of the check tells it better.
    Leave,
    /// Only who wrote it knows what is meant: the question.
    Ask(String),
}

impl Lower<'_> {
    /// Reads a list of stages as it is meant; `key` is what it was called. Tells everything in one finding.
    pub(super) fn translate_stages(&mut self, node: &mut Node, at: usize) {
        let Some(entry) = node.entries().and_then(|entries| entries.get(at)).cloned() else { return };
        let called = &*entry.key;
        let Some(items) = entry.value.items() else { return };
        let mut all = Vec::new();
        let mut changed = None;
        for item in items {
            match stage(item) {
                Ok((texts, true)) => {
                    changed = changed.or(item.entries().and_then(<[Entry]>::first).map(|first| first.key_span));
                    all.extend(texts);
                }
                Ok((texts, false)) => all.extend(texts),
                Err(Untold::Ask(question)) => {
                    let span = super::start_of(item.span);
                    self.report(
                        Diagnostic::error(span, "this stage has a `duration`, which here is a ramp or a hold")
                            .help(question),
                    );
                    return self.forget_stages(node, at);
                }
                Err(Untold::Leave) => return,
            }
        }
        let Some(place) = changed.or((called != "stages").then_some(entry.key_span)) else { return };
        let message = if called == "stages" {
            "this stage is written in another tool's keys".to_owned()
        } else {
            format!("thread group: there is no key `{called}`")
        };
        let list = format!("stages: [{}]", all.join(", "));
        let place = if called == "stages" { place } else { entry.key_span };
        let finding = Diagnostic::error(place, message).help(format!(
            "a stage is `users` or a `rate`, `over` for its ramp and `hold` for how long it stays: write `{list}`"
        ));
        let value = format!("[{}]", all.join(", "));
        self.replace_entries(node, &[at], &[("stages".into(), value)], finding);
    }

    /// Stages that were told: some load stands in their place.
    fn forget_stages(&self, node: &mut Node, at: usize) {
        let crate::yaml::NodeKind::Map(entries) = &mut node.kind else { return };
        if let Some(made) = self.made("[{ users: 1, over: 1m }]", entries[at].value.span) {
            entries[at].key = "stages".into();
            entries[at].value = made;
        }
    }
}

/// A stage in our keys, in braces; several where one of theirs is more than one of ours. And whether that is
/// another text than is written.
fn stage(node: &Node) -> Result<(Vec<String>, bool), Untold> {
    let entries = node.entries().ok_or(Untold::Leave)?;
    let text = |words: &[&str]| {
        let at = find(entries, words)?;
        Some((&*entries[at].key, entries[at].value.text()?.trim().to_owned()))
    };
    let known: Vec<&[&str]> = vec![&USERS, &RATE, &RAMP, &LASTS, &HOLD, &RAMP_TO, &LABEL, &DELAY, &SHUTDOWN];
    let is_known =
        |entry: &Entry| known.iter().any(|words| is_one_of(&entry.key, words)) || entry.key.starts_with("x-");
    if entries.iter().any(|entry| !is_known(entry) || entry.value.text().is_none_or(|text| text.contains("${"))) {
        return Err(Untold::Leave);
    }
    let ours = entries.iter().all(|entry| STAGE.key(&entry.key).is_some() || entry.key.starts_with("x-"));
    let time = |given: Option<(&str, String)>| match given {
        Some((_, text)) => match parse_duration(&text) {
            Ok(_) => Ok(Some(text)),
            Err(error) => {
                let seconds = bare_number(&text).map(|number| format!("{number}s"));
                Ok(Some(error.corrected.or(seconds).ok_or(Untold::Leave)?))
            }
        },
        None => Ok(None),
    };
    let rate = |text: &str| match parse_rate(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => error.corrected.ok_or(Untold::Leave),
    };
    let (users, arrivals) = (text(&USERS), text(&RATE));
    if ours {
        let all: Vec<String> = entries
            .iter()
            .map(|entry| format!("{}: {}", entry.key, entry.value.text().map_or("", |text| text.trim())))
            .collect();
        return Ok((vec![format!("{{ {} }}", all.join(", "))], false));
    }
    let (ramp, lasts, hold) = (time(text(&RAMP))?, time(text(&LASTS))?, time(text(&HOLD))?);
    let (delay, shutdown) = (time(text(&DELAY))?, time(text(&SHUTDOWN))?);
    let end = |target: &str| shutdown.iter().map(|time| format!("{{ {target}, over: {time} }}")).collect::<Vec<_>>();
    let mut all: Vec<String> = Vec::new();
    let starts_late = delay.filter(|time| parse_duration(time).is_ok_and(|time| !time.is_zero()));
    match (users, arrivals) {
        (Some((word, users)), None) => {
            if let Some(delay) = starts_late {
                all.push(format!("{{ users: 0, hold: {delay} }}"));
            }
            let of_k6 = is_one_of(word, &["target"]);
            let (over, hold) = match (ramp, lasts, hold) {
                (Some(ramp), lasts, hold) if lasts.is_none() || hold.is_none() => (Some(ramp), lasts.or(hold)),
                (None, Some(lasts), None) if of_k6 => (Some(lasts), None),
                (None, Some(lasts), None) => {
                    return Err(Untold::Ask(format!(
                        "write `{{ users: {users}, over: {lasts} }}` if the number of users rises in this time, `{{ users: {users}, hold: {lasts} }}` if it stays"
                    )));
                }
                (None, None, hold) => (None, hold),
                (..) => return Err(Untold::Leave),
            };
            all.push(in_braces("users", &users, over.as_deref(), hold.as_deref()));
            all.extend(end("users: 0"));
        }
        (None, Some((_, from))) => {
            let from = rate(&from)?;
            let length = lasts.or(hold).or(ramp);
            match text(&RAMP_TO) {
                Some((_, to)) => {
                    all.push(in_braces("rate", &from, Some("0s"), None));
                    all.push(in_braces("rate", &rate(&to)?, length.as_deref(), None));
                }
                None => all.push(in_braces("rate", &from, None, length.as_deref())),
            }
            all.extend(end("rate: 0/s"));
        }
        // Artillery's `pause`, or nothing that says how many.
        (Some(_), Some(_)) | (None, None) => return Err(Untold::Leave),
    }
    Ok((all, true))
}

fn in_braces(target: &str, value: &str, over: Option<&str>, hold: Option<&str>) -> String {
    let over = over.map_or_else(String::new, |time| format!(", over: {time}"));
    let hold = hold.map_or_else(String::new, |time| format!(", hold: {time}"));
    format!("{{ {target}: {value}{over}{hold} }}")
}
