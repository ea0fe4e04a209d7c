//! Command lines that are not understood: a remedy where the parser knows none, or a wrong one.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::environment::{Environment, is_run};
use super::plan_files::shell_word;

/// What other tools call our options.
const OPTIONS: [(&str, &[&str]); 7] = [
    ("--users", &["thread", "threads", "num-threads", "user", "users", "u", "vus", "vu", "concurrency", "clients"]),
    ("--rate", &["rps", "qps", "throughput", "hits"]),
    ("--duration", &["time", "run-time", "hold-for", "hold_for"]),
    ("--iterations", &["loops", "loop", "loopcount"]),
    ("--ramp-up", &["ramp", "rampup", "ramp_up", "spawn-rate"]),
    ("--max-time", &["timeout", "time-limit", "max-duration", "deadline"]),
    ("--var", &["define", "J", "D", "e", "env"]),
];

/// The error with what was probably meant.
pub(super) fn explained(mut error: clap::Error, args: &[OsString], environment: &Environment) -> clap::Error {
    if let Some(name) = variable(&error, environment) {
        let tip = format!("the value comes from the environment variable {name}: fix or clear it");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    // What stands after `--var` may be a secret, and errors end in logs and reports.
    let of_var = |value: &ContextValue| matches!(value, ContextValue::String(arg) if arg.starts_with("--var "));
    if error.get(ContextKind::InvalidArg).is_some_and(of_var) && error.get(ContextKind::InvalidValue).is_some() {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(not shown)".into()));
    }
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
                && let Some(command) = command_for(word)
            {
                let help = format!("a command comes first: {command}");
                error.remove(ContextKind::SuggestedSubcommand);
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![help.into()]));
            }
        }
        ErrorKind::UnknownArgument => {
            // An option is meant as one: "to pass '--thread' as a value" helps nobody.
            if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
                tips.retain(|tip| !tip.to_string().contains("as a value"));
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
            }
            if let Some(option) = ours(&error, args).filter(|_| is_run(args)) {
                error.insert(ContextKind::SuggestedArg, ContextValue::String(option.into()));
            }
        }
        _ => {}
    }
    error
}

/// The variable that the value came from with which something is wrong, if it came from one.
pub(super) fn variable(error: &clap::Error, environment: &Environment) -> Option<String> {
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(option) => environment.variable_of(option),
        _ => None,
    }
}

/// The command that a file without one is for.
fn command_for(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    if lower.ends_with(".yaml") || lower.ends_with(".yml") {
        return Some(format!("loadplan run {}", shell_word(word)));
    }
    lower.ends_with(".json").then(|| format!("loadplan report {}", shell_word(word)))
}

/// Our option for the one that is not known. The parser takes `-users` for `-u`, so the word is
/// looked up as it was written.
fn ours(error: &clap::Error, args: &[OsString]) -> Option<&'static str> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return None };
    let start = unknown.split('=').next().unwrap_or(unknown);
    let written = args.iter().filter_map(|arg| arg.to_str()).find(|arg| arg.starts_with(start)).unwrap_or(start);
    let word = written.trim_start_matches('-').split('=').next().unwrap_or_default();
    OPTIONS.iter().find(|(_, words)| words.contains(&word)).map(|(option, _)| *option)
}
