//! Wrong guesses of people who know other tools, within a step: each leads to our key with its value translated,
//! in one step. Every row is one mistake: one finding tells it, and its patch is accepted by the next check.

mod expressions;
mod fresh;
mod kinds;
mod requests;
mod responses;
mod silent;

use loadplan::diagnostic::Diagnostic;

use super::messages::steps;
use super::support::Folder;
use super::{findings, patched};

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Led {
    InOneStep,
    HalfWay,
    Nowhere,
    Silently,
}

/// Checks plans with what must be told of each, and what must be written in it once the patch is applied; tells of
/// every row that falls short.
#[track_caller]
fn judge<'r>(rows: impl IntoIterator<Item = (String, &'r str, &'r str)>) {
    let folder = Folder::new();
    folder.write("a.pdf", "");
    let mut counts = [0; 4];
    let mut short = Vec::new();
    for (plan, words, written) in rows {
        let (led, why) = led(&folder, &plan, words, written);
        counts[led as usize] += 1;
        if led != Led::InOneStep {
            short.push(format!("--- {led:?}: {words} / {written}\n{}\n{why}", plan.trim_end()));
        }
    }
    let [one, half, none, silent] = counts;
    let counts = format!("{one} in one step, {half} half way, {none} nowhere, {silent} silently");
    assert!(short.is_empty(), "{}\n{counts}", short.join("\n"));
}

fn led(folder: &Folder, plan: &str, words: &str, written: &str) -> (Led, String) {
    let found = findings(folder, plan);
    let told = told(&found);
    if found.is_empty() {
        return (Led::Silently, told);
    }
    // "`form`" is met by "write `form: { a: b }`" too.
    let key_alone = words.strip_suffix('`').filter(|word| word.starts_with('`') && !word.contains(':'));
    if !told.contains(words)
        && !key_alone.is_some_and(|word| told.contains(&format!("{word}: ")) || told.contains(&format!("{word}:`")))
    {
        return (Led::Nowhere, told);
    }
    // A choice has a branch for each of two values: one message each.
    let most = if plan.contains("choose:") || plan.contains("- body contains") { 2 } else { 1 };
    if found.len() > most {
        return (Led::HalfWay, format!("{told}\n(several messages)"));
    }
    let is_patched = found.iter().any(|one| one.fix.is_some());
    if !is_patched && written.is_empty() {
        return (Led::InOneStep, told);
    }
    let patched = patched(plan, &found);
    // Within single quotes of the plan a text of an expression stands in double ones.
    let is_written = patched.contains(written) || patched.contains(&written.replace('\'', "\""));
    if !is_patched || !is_written {
        return (Led::HalfWay, format!("{told}\npatched: {is_patched}\n{patched}"));
    }
    let again = findings(folder, &patched);
    if !again.is_empty() {
        return (Led::HalfWay, format!("{told}\npatched:\n{patched}\nand then:\n{}", self::told(&again)));
    }
    (Led::InOneStep, told)
}

fn told(found: &[Diagnostic]) -> String {
    let lines = found.iter().map(|one| {
        let fix = one.fix.as_ref().map(|fix| format!(" [{}]", fix.replacement)).unwrap_or_default();
        format!("{}: {}{fix}", one.message, one.help.clone().unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}
