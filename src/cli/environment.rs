//! Options of `run` from the environment: `LOADPLAN_OUT=reports` stands for `--out reports`.
//!
//! They are put in among the arguments before these are read, so that an option means the same wherever it comes
//! from. clap's own `env` takes an empty variable for a value, gives a repeatable option one value only, and does not
//! say in its errors where a value came from.

use std::ffi::{OsStr, OsString};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};

use super::terminal::Terminal;
use crate::suggest::nearest;

/// What every name of a variable begins with.
const PREFIX: &str = "LOADPLAN_";
/// The subcommand whose options have variables.
const RUN: &str = "run";
/// The option that every subcommand has.
const COLOR: &str = "color";
/// The option whose values may be secrets.
const VAR: &str = "var";
/// What follows an error in a value of `--var`.
const NOT_SHOWN: &str = "its text is not shown, since it may be a secret. Each line sets one variable; give a value of \
    several lines a variable of its own, which the plan reads as ${env.NAME}";

/// The options that came from the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    /// The options' names, without dashes.
    options: Vec<String>,
    /// What is no option's variable but looks like one, and the one that is.
    misspelt: Vec<(String, String)>,
}

/// The variable of an option.
fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_ascii_uppercase().replace('-', "_"))
}

/// The options that have variables: those of `run`, and `--color`.
fn with_variables(command: &Command) -> impl Iterator<Item = (&Arg, &str)> {
    let run = command.find_subcommand(RUN).into_iter().flat_map(Command::get_arguments);
    let color = command.get_arguments().filter(|arg| arg.get_long() == Some(COLOR));
    run.chain(color).filter_map(|arg| Some((arg, arg.get_long()?))).filter(|(_, long)| *long != "help")
}

/// The command line with each option's variable in its help.
pub(super) fn documented(command: Command) -> Command {
    let told = |arg: Arg| {
        let Some(long) = arg.get_long().filter(|long| *long != "help") else { return arg };
        let help = format!("{} [env: {}]", arg.get_help().cloned().unwrap_or_default(), variable(long));
        let long_help = arg.get_long_help().map(|text| format!("{text} [env: {}]", variable(long)));
        let arg = arg.help(help);
        match long_help {
            Some(text) => arg.long_help(text),
            None => arg,
        }
    };
    command.mut_subcommand(RUN, |run| run.mut_args(told)).mut_arg(COLOR, told)
}

/// A command line with the options that the environment sets.
pub(super) struct Applied {
    /// All arguments.
    pub(super) args: Vec<OsString>,
    /// Which of them came from the environment.
    pub(super) environment: Environment,
    /// What is wrong with a variable, which is then not among the arguments.
    pub(super) wrong: Option<clap::Error>,
}

/// Whether the command line is one of `run`.
pub(super) fn is_run(args: &[OsString]) -> bool {
    subcommand(args).is_some_and(|at| args[at] == RUN)
}

/// Puts the options in that the environment sets and the command line does not.
pub(super) fn apply(
    command: &mut Command,
    args: Vec<OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Applied {
    let runs = is_run(&args);
    let mut set: Vec<(String, OsString)> = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok().filter(|name| name.starts_with(PREFIX))?, value)))
        .filter(|(_, value)| !value.to_string_lossy().trim().is_empty())
        .collect();
    set.sort();
    let mut found = Environment::default();
    if set.is_empty() {
        return Applied { args, environment: found, wrong: None };
    }
    let mut added: Vec<OsString> = Vec::new();
    let mut wrong = None;
    for (arg, long) in with_variables(command).filter(|(_, long)| runs || *long == COLOR) {
        let name = variable(long);
        let Some((_, value)) = set.iter().find(|(known, _)| *known == name) else { continue };
        if is_given(&args, arg) || rivals(command, arg).any(|rival| is_given(&args, rival)) {
            continue;
        }
        match written(arg, long, value) {
            Ok(options) if options.is_empty() => {}
            Ok(options) => {
                added.extend(options);
                found.options.push(long.to_owned());
            }
            Err(message) => wrong = wrong.or(Some(format!("{name}: {message}"))),
        }
    }
    if runs {
        let known: Vec<String> = with_variables(command).map(|(_, long)| variable(long)).collect();
        let words = || known.iter().map(|name| &name[PREFIX.len()..]);
        for (name, _) in set.iter().filter(|(name, _)| !known.contains(name)) {
            if let Some(near) = nearest(&name[PREFIX.len()..], words()) {
                found.misspelt.push((name.clone(), format!("{PREFIX}{near}")));
            }
        }
    }
    let wrong = wrong.map(|message| {
        let run = command.find_subcommand(RUN).cloned().unwrap_or_else(|| Command::new(RUN));
        run.bin_name("loadplan run").error(ErrorKind::InvalidValue, message)
    });
    let mut args = args;
    let at = subcommand(&args).map_or(args.len().min(1), |at| if runs { at + 1 } else { at });
    args.splice(at..at, added);
    Applied { args, environment: found, wrong }
}

/// Where the subcommand stands: the first word that is no option and no value of one.
pub(super) fn subcommand(args: &[OsString]) -> Option<usize> {
    let color = OsString::from(format!("--{COLOR}"));
    (1..args.len()).find(|at| !args[*at].to_string_lossy().starts_with('-') && args[at - 1] != color)
}

/// Options that do not go together with this one.
fn rivals<'c>(command: &'c Command, arg: &'c Arg) -> impl Iterator<Item = &'c Arg> {
    let run = command.find_subcommand(RUN);
    let own = run.into_iter().flat_map(|run| run.get_arg_conflicts_with(arg));
    let others = run.into_iter().flat_map(move |run| {
        let all = run.get_arguments().filter(|other| other.get_long().is_some() && other.get_id() != arg.get_id());
        all.filter(move |other| run.get_arg_conflicts_with(other).iter().any(|one| one.get_id() == arg.get_id()))
    });
    own.chain(others)
}

/// Whether an option stands on the command line.
fn is_given(args: &[OsString], arg: &Arg) -> bool {
    let long = arg.get_long().map(|long| format!("--{long}"));
    args.iter().skip(1).map(|word| word.to_string_lossy()).take_while(|word| word != "--").any(|word| {
        let name = word.split('=').next().unwrap_or_default();
        let short = || word.starts_with('-') && !word.starts_with("--");
        long.as_deref() == Some(name) || arg.get_short().is_some_and(|letter| short() && word.contains(letter))
    })
}

/// A variable's value as arguments: none if it says no to an option without a value.
fn written(arg: &Arg, long: &str, value: &OsStr) -> Result<Vec<OsString>, String> {
    let text = value.to_string_lossy();
    let yes = match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    };
    let flag = OsString::from(format!("--{long}"));
    let joined = |value: &OsStr| {
        let mut option = flag.clone();
        option.push("=");
        option.push(value);
        option
    };
    let may_stand_alone = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
    Ok(match (arg.get_action(), yes) {
        (ArgAction::SetTrue, None) => return Err(format!("`{}` is neither `true` nor `false`", text.trim())),
        (ArgAction::SetTrue, Some(true)) => vec![flag],
        (ArgAction::SetTrue, Some(false)) => Vec::new(),
        (_, Some(true)) if may_stand_alone => vec![flag],
        (_, Some(false)) if may_stand_alone => Vec::new(),
        (ArgAction::Append, _) if value.to_str().is_some() => {
            if long == VAR
                && let Some(at) = text.lines().position(|line| !line.trim().is_empty() && !names_a_variable(line))
            {
                return Err(format!("line {} is not NAME=VALUE; {NOT_SHOWN}", at + 1));
            }
            text.lines().filter(|line| !line.trim().is_empty()).map(|line| joined(line.as_ref())).collect()
        }
        // The end of a line belongs to whoever wrote the variable, not to the value.
        _ => vec![value.to_str().map_or_else(|| joined(value), |text| joined(text.trim_end().as_ref()))],
    })
}

/// Whether a line is `NAME=VALUE`, and not one of several lines of a value: names are words, and base64 ends with `=`.
fn names_a_variable(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let is_word = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    is_word && name.starts_with(|c: char| c.is_alphabetic() || c == '_') && value != "="
}

impl Environment {
    /// The variable that an option came from, if it did; the option as errors write it: `--seed <N>`.
    pub(super) fn variable_of(&self, option: &str) -> Option<String> {
        let word = option.trim_start_matches('-').split([' ', '=', '[']).next()?;
        self.options.iter().find(|known| *known == word).map(|known| variable(known))
    }

    /// `LOADPLAN_OUT, LOADPLAN_PROFILE`; `None` if no option came from the environment.
    pub(super) fn names(&self) -> Option<String> {
        let names: Vec<String> = self.options.iter().map(|option| variable(option)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Warns of variables that look like an option's and are none.
    pub(super) fn tell_misspelt(&self, terminal: &Terminal) {
        for (name, meant) in &self.misspelt {
            terminal.warning(
                &format!("the environment variable {name} is not used: no option of `run` has that name"),
                &format!("did you mean {meant}?"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn applied(args: &[&str], set: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let args = std::iter::once("loadplan").chain(args.iter().copied()).map(OsString::from).collect();
        let set = set.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let applied = apply(&mut Cli::command(), args, set);
        match applied.wrong {
            Some(error) => Err(error.to_string()),
            None => Ok(applied.args[1..].iter().map(|arg| arg.to_string_lossy().into_owned()).collect()),
        }
    }

    #[test]
    fn a_variable_stands_for_its_option_unless_the_command_line_has_it() {
        let seed = [("LOADPLAN_SEED", "7\n")];
        assert_eq!(applied(&["run", "p.yaml"], &seed), Ok(vec!["run".into(), "--seed=7".into(), "p.yaml".into()]));
        assert_eq!(applied(&["run", "p.yaml", "--seed=8"], &seed).unwrap_or_default().len(), 3);
        // After `--` everything is a plan.
        assert_eq!(applied(&["run", "--", "--seed"], &seed).unwrap_or_default()[1], "--seed=7");
        assert_eq!(applied(&["--color", "never", "run", "p"], &seed).unwrap_or_default()[3], "--seed=7");
        assert_eq!(applied(&["check", "p.yaml"], &seed).unwrap_or_default().len(), 2, "of `run` only");
    }

    #[test]
    fn an_empty_variable_is_none() {
        assert_eq!(applied(&["run"], &[("LOADPLAN_SEED", ""), ("LOADPLAN_STRICT", " ")]), Ok(vec!["run".into()]));
    }

    #[test]
    fn options_without_a_value_take_yes_or_no() {
        assert_eq!(applied(&["run"], &[("LOADPLAN_STRICT", "1")]), Ok(vec!["run".into(), "--strict".into()]));
        assert_eq!(applied(&["run"], &[("LOADPLAN_STRICT", "false")]), Ok(vec!["run".into()]));
        assert_eq!(applied(&["run"], &[("LOADPLAN_DASHBOARD", "true")]), Ok(vec!["run".into(), "--dashboard".into()]));
        assert_eq!(
            applied(&["run"], &[("LOADPLAN_DASHBOARD", "8080")]),
            Ok(vec!["run".into(), "--dashboard=8080".into()])
        );
        let wrong = applied(&["run"], &[("LOADPLAN_STRICT", "maybe")]).err().unwrap_or_default();
        assert!(wrong.contains("LOADPLAN_STRICT: `maybe` is neither"), "{wrong}");
        // Two that do not go together: what is typed wins.
        assert_eq!(applied(&["run", "-q"], &[("LOADPLAN_VERBOSE", "1")]), Ok(vec!["run".into(), "-q".into()]));
        assert_eq!(applied(&["run", "-v"], &[("LOADPLAN_QUIET", "1")]), Ok(vec!["run".into(), "-v".into()]));
    }

    #[test]
    fn of_an_option_that_may_be_repeated_each_line_is_a_value() {
        let set = [("LOADPLAN_VAR", "a=1,2\n\nb=x y\n")];
        assert_eq!(applied(&["run"], &set), Ok(vec!["run".into(), "--var=a=1,2".into(), "--var=b=x y".into()]));
        // The second line of a value: nothing of it is shown.
        for second in ["MIIEsecret", "+/secret=", "QUJDsecret==", "-----END-secret-----"] {
            let wrong = applied(&["run"], &[("LOADPLAN_VAR", &format!("a=1\n{second}\n"))]).err().unwrap_or_default();
            assert!(wrong.contains("LOADPLAN_VAR: line 2 is not NAME=VALUE"), "{wrong}");
            assert!(!wrong.contains("secret=") && !wrong.contains(second), "{wrong}");
        }
    }
}
