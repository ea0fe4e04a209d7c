//! `loadplan new`: a plan to start from.

mod look;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::plan_files::shell_word;
use super::terminal::Terminal;
use crate::mask::without_userinfo;
use crate::problem::Problem;
use crate::sanitize::{inline, shown_path};
use crate::verdict::exit;

/// Write a commented plan to start from. Existing files are not changed
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    /// The file to write; `.yaml` is added if it is missing
    #[arg(value_name = "NAME", default_value = "plan")]
    name: PathBuf,
    /// The template to start from
    #[arg(long, value_enum, value_name = "TEMPLATE", default_value_t = Template::Quickstart)]
    from: Template,
    /// Look at this page once and write a plan that calls it: its title, its forms with their hidden fields,
    /// and pages it links to
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    url: Option<String>,
    /// List the templates, one line each
    #[arg(long, conflicts_with_all = ["from", "url"])]
    list: bool,
}

const AFTER: &str = "\
Examples:
  loadplan new                              plan.yaml: two requests, assertions, thresholds
  loadplan new login --from form-login      login.yaml: a login form with a CSRF token, then pages
  loadplan new --url https://shop.example   plan.yaml: calls this page

Exit codes:
  0  written
  2  the command line is invalid, or the file already exists; nothing was written
  3  the page of --url could not be loaded; nothing was written";

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Template {
    /// Five users, two requests, assertions and thresholds
    Quickstart,
    /// Log in through a web form with a CSRF token and a session cookie, then open pages
    FormLogin,
    /// Log in and send the token with each request
    Login,
    /// Users and orders from a CSV file
    Data,
    /// Several requests timed as one, random choices, conditions and loops
    Checkout,
    /// Requests at a fixed rate, no matter how slow the responses are
    ArrivalRate,
}

/// What stands in the first line of our own plans.
const MODELINE: &str = "# yaml-language-server: $schema=../schemas/plan.schema.json\n";
/// The schema beside the new plan, so that editors complete it without a network.
const SCHEMA: &str = "plan.schema.json";
const TRADERS: &str = include_str!("../../plans/data/traders.csv");

/// The first line of a new plan.
fn modeline() -> String {
    format!("# yaml-language-server: $schema={SCHEMA}\n")
}

impl Template {
    /// The plan's text, and the name our repository has for it.
    fn plan(self) -> (&'static str, &'static str) {
        match self {
            Self::Quickstart => (include_str!("../../plans/quickstart.yaml"), "plans/quickstart.yaml"),
            Self::FormLogin => (include_str!("../../plans/form-login.yaml"), "plans/form-login.yaml"),
            Self::Login => (include_str!("../../plans/login-and-token.yaml"), "plans/login-and-token.yaml"),
            Self::Data => (include_str!("../../plans/data-driven.yaml"), "plans/data-driven.yaml"),
            Self::Checkout => {
                (include_str!("../../plans/checkout-with-transactions.yaml"), "plans/checkout-with-transactions.yaml")
            }
            Self::ArrivalRate => (include_str!("../../plans/arrival-rate.yaml"), "plans/arrival-rate.yaml"),
        }
    }

    /// Files the plan needs, from its own folder.
    fn data(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Data => &[("data/traders.csv", TRADERS)],
            Self::Quickstart | Self::FormLogin | Self::Login | Self::Checkout | Self::ArrivalRate => &[],
        }
    }

    /// The plan as it is written to `file`, quoted as a word of a command line.
    fn text(self, file: &str) -> String {
        let (plan, ours) = self.plan();
        plan.replacen(MODELINE, &modeline(), 1).replace(ours, file)
    }
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    if args.list {
        terminal.out(&list());
        return exit::PASSED;
    }
    match write(args) {
        Ok(told) => {
            terminal.out(&told);
            exit::PASSED
        }
        Err(NotWritten { problem, code }) => {
            terminal.problem(&problem);
            code
        }
    }
}

/// What `--from` takes, one line each.
fn list() -> String {
    let mut out = String::new();
    for template in Template::value_variants() {
        if let Some(value) = template.to_possible_value() {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(out, "{:<14}{help}", value.get_name());
        }
    }
    out.push_str("\nwrite one:             loadplan new NAME --from TEMPLATE\n");
    out.push_str("a page of your own:    loadplan new NAME --url https://shop.example\n");
    out
}

/// Why nothing was written, and the exit code that follows.
struct NotWritten {
    problem: Problem,
    code: u8,
}

impl From<Problem> for NotWritten {
    fn from(problem: Problem) -> Self {
        Self { problem, code: exit::INVALID }
    }
}

/// Writes the files and tells which.
fn write(args: &Args) -> Result<String, NotWritten> {
    if let Some(url) = args.name.to_str().filter(|name| crate::uri::is_absolute(name)) {
        let url = shell_word(&inline(&without_userinfo(url)));
        let help = format!("to look at a page, write `loadplan new --url {url}`");
        return Err(Problem::new("the name of the new plan is a URL", help).into());
    }
    let mut file = args.name.clone();
    if args.name.to_string_lossy().ends_with(std::path::is_separator) {
        file.push("plan");
    }
    let is_yaml = file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if !is_yaml {
        file.as_mut_os_string().push(".yaml");
    }
    let shown = shown_path(&file);
    let word = shell_word(&shown);
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let taken = || Problem::new(format!("{shown} already exists"), "choose another name: `loadplan new NAME`");
    let (text, data, found) = match &args.url {
        // Nobody is asked for a page that has no place to go.
        Some(_) if file.symlink_metadata().is_ok() => return Err(taken().into()),
        Some(url) => {
            let looked = look::plan(url, &word)?;
            (format!("{}{}", modeline(), looked.plan), &[][..], looked.told)
        }
        None => (args.from.text(&word), args.from.data(), String::new()),
    };
    if !create(&file, &text)? {
        return Err(taken().into());
    }
    let mut told = format!("{found}wrote {shown}\n");
    let schema = format!("{:#}\n", crate::plan::schema::plan_schema());
    let others = data.iter().copied().chain([(SCHEMA, schema.as_str())]);
    for (name, text) in others {
        let path = folder.join(name);
        let shown = shown_path(&path);
        if create(&path, text)? {
            let what = if name == SCHEMA { " (for your editor)" } else { "" };
            let _ = writeln!(told, "wrote {shown}{what}");
        } else {
            let _ = writeln!(told, "{shown} already exists; not changed");
        }
    }
    let _ = write!(
        told,
        "\ncheck it:              loadplan check {word}\nwatch one user:        loadplan try {word}\nrun it:                loadplan run {word}\n"
    );
    Ok(told)
}

/// Creates a file and the folders above it; false if something of this name is there.
fn create(path: &Path, text: &str) -> Result<bool, Problem> {
    let cannot = |error: io::Error| Problem::from(format!("{} cannot be written: {error}", shown_path(path)));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true).map_err(cannot),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(cannot(error)),
    }
}
