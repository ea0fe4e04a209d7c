//! Which plan a command is for when none is named, and file names as a shell reads them.

use std::path::{Path, PathBuf};

use crate::plan::{names, plans_in};
use crate::problem::Problem;
use crate::sanitize::shown_path;

/// The names of a plan that need not be named.
const USUAL: [&str; 2] = ["plan.yaml", "plan.yml"];

/// The plans that are named, or else the `plan.yaml` of the current folder.
///
/// # Errors
/// When none is named and there is no `plan.yaml`; the remedy names the plans in this folder.
pub(super) fn named_or_usual(named: Vec<PathBuf>, command: &str) -> Result<Vec<PathBuf>, Problem> {
    if !named.is_empty() {
        return Ok(named);
    }
    if let Some(usual) = USUAL.iter().find(|usual| Path::new(usual).is_file()) {
        return Ok(vec![PathBuf::from(usual)]);
    }
    let message = "no plan given, and there is no plan.yaml in this folder";
    let plans = plans_in(Path::new(""));
    let help = match plans.first() {
        None => "write one with `loadplan new`, or name a plan of another folder".to_owned(),
        Some(first) => {
            let call = format!("loadplan {command} {}", shell_word(&shown_path(first)));
            match plans.len() {
                1 => format!("name the plan: `{call}`"),
                _ => format!("name one, for example `{call}`; plans in this folder: {}", names(&plans)),
            }
        }
    };
    Err(Problem::new(message, help))
}

/// The same for a command that takes one plan.
///
/// # Errors
/// As [`named_or_usual`].
pub(super) fn one_named_or_usual(named: Option<&PathBuf>, command: &str) -> Result<PathBuf, Problem> {
    let plans = named_or_usual(named.cloned().into_iter().collect(), command)?;
    Ok(plans.into_iter().next().unwrap_or_else(|| PathBuf::from(USUAL[0])))
}

/// A text as one word of a command line: as it is, or in quotes where a shell would take it apart. Double
/// quotes are understood by Windows' shells too, so they come first.
pub(super) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    // What begins with a dash would be taken for an option.
    let dash = if text.starts_with('-') { "./" } else { "" };
    if !text.is_empty() && text.chars().all(is_plain) {
        return format!("{dash}{text}");
    }
    if text.contains(['"', '$', '`', '\\', '!']) {
        return format!("'{dash}{}'", text.replace('\'', r"'\''"));
    }
    format!("\"{dash}{text}\"")
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_name_is_one_word_for_a_shell() {
        for (name, word) in [
            ("plan.yaml", "plan.yaml"),
            ("load/größe.yaml", "load/größe.yaml"),
            ("web shop.yaml", "\"web shop.yaml\""),
            ("ann's.yaml", "\"ann's.yaml\""),
            ("a$b c.yaml", "'a$b c.yaml'"),
            ("it's $1.yaml", r"'it'\''s $1.yaml'"),
            ("a&b.yaml", "\"a&b.yaml\""),
            ("-x.yaml", "./-x.yaml"),
            ("-x y.yaml", "\"./-x y.yaml\""),
            ("", "\"\""),
        ] {
            assert_eq!(shell_word(name), word);
        }
    }
}
