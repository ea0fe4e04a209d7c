//! What can be understood of a command line that is refused: where its reports go.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgAction, CommandFactory as _, Parser as _};

use super::environment::subcommand;
use super::plan_files::named_or_usual;
use super::run::Args;
use super::{Cli, Command};
use crate::report::STDOUT;

/// The options that say where reports go, and what must not be replaced by one.
const WANTED: [&str; 12] = [
    "out",
    "json",
    "junit",
    "html",
    "csv",
    "markdown",
    "gitlab",
    "junit-style",
    "profile",
    "baseline",
    "summary-json",
    "quiet",
];

/// The arguments of `run` as far as they can be used; `None` only if there is no such subcommand.
pub(super) fn understood(args: &[OsString]) -> Option<Args> {
    let (options, plans) = taken_apart(&args[subcommand(args)? + 1..]);
    let run = |more: &[OsString]| {
        let args = ["loadplan", "run"].map(OsString::from).into_iter().chain(more.iter().cloned());
        let Command::Run(args) = Cli::try_parse_from(args).ok()?.command else { return None };
        Some(*args)
    };
    let mut kept: Vec<OsString> = Vec::new();
    for option in options {
        // One that is given twice, or has a value that is not valid, says nothing.
        kept.push(option);
        if run(&kept).is_none() {
            kept.pop();
        }
    }
    let mut understood = run(&kept)?;
    understood.plans = plans;
    understood.plans.extend(understood.baseline.take_plans());
    understood.plans =
        named_or_usual(std::mem::take(&mut understood.plans), "run").unwrap_or_else(|_| vec!["plan.yaml".into()]);
    Some(understood)
}

/// The options that are wanted, each with its value, and the plans.
fn taken_apart(words: &[OsString]) -> (Vec<OsString>, Vec<PathBuf>) {
    let command = Cli::command();
    let known = |long: &str| {
        let of_run = command.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
        of_run.chain(command.get_arguments()).find(|arg| arg.get_long() == Some(long))
    };
    let is_plan = |word: &&OsString| Path::new(word).extension().is_some_and(|end| end == "yaml" || end == "yml");
    let (mut options, mut plans) = (Vec::new(), Vec::new());
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--" {
            plans.extend(words.by_ref().map(PathBuf::from));
            break;
        }
        let Some(option) = text.strip_prefix("--") else {
            plans.extend(Some(word).filter(is_plan).map(PathBuf::from));
            continue;
        };
        let name = option.split('=').next().unwrap_or_default();
        let Some(arg) = known(name) else { continue };
        let wanted = WANTED.contains(&name);
        let joined = name.len() < option.len() || arg.is_require_equals_set();
        if joined || !takes_value(arg) {
            options.extend(Some(word.clone()).filter(|_| wanted));
            continue;
        }
        let several = arg.get_num_args().is_some_and(|count| count.max_values() > 1);
        let mut first = true;
        let is_value = |word: &OsString| word == STDOUT || !word.to_string_lossy().starts_with('-');
        while let Some(value) = words.next_if(|next| (first || several) && is_value(next)) {
            let mut option = OsString::from(format!("--{name}="));
            option.push(value);
            options.extend(Some(option).filter(|_| wanted));
            first = false;
        }
    }
    (options, plans)
}

fn takes_value(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_reports_go_is_understood_whatever_else_is_wrong() {
        let of = |line: &str| {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            understood(&args).map(|args| (args.plans.clone(), args.out.clone(), args.summary_json))
        };
        let plans = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        for line in [
            "loadplan --color never run a.yaml --bogus --out o b.yml --summary-json",
            "loadplan run --bogus=1 --seed x --out=o --summary-json -- a.yaml b.yml",
            "loadplan run a.yaml --out o --out p --junit-style bogus --summary-json b.yml -x",
            "loadplan run --out o --summary-json --baseline last.json a.yaml b.yml --users",
        ] {
            assert_eq!(of(line), Some((plans(&["a.yaml", "b.yml"]), "o".into(), true)), "{line}");
        }
        assert!(of("loadplan check a.yaml").is_none_or(|(plans, ..)| plans.len() == 1));
    }
}
