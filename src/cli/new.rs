//! `loadplan new`: a plan to start from.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::terminal::Terminal;
use crate::problem::Problem;
use crate::sanitize::shown_path;
use crate::verdict::exit;

/// Write a commented plan to start from. Existing files are not changed
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write; `.yaml` is added if it is missing
    #[arg(value_name = "NAME", default_value = "plan")]
    name: PathBuf,
    /// The example to start from
    #[arg(long, value_enum, default_value_t = Template::Quickstart)]
    from: Template,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Template {
    /// Five users, two requests, assertions and thresholds
    Quickstart,
    /// Log in and send the token with each request
    Login,
    /// Users and orders from a CSV file
    Data,
    /// Several requests timed as one, random choices, conditions and loops
    Checkout,
}

/// What stands in the first line of our own plans.
const MODELINE: &str = "# yaml-language-server: $schema=../schemas/plan.schema.json\n";
/// The schema beside the new plan, so that editors complete it without a network.
const SCHEMA: &str = "plan.schema.json";
const TRADERS: &str = include_str!("../../plans/data/traders.csv");

impl Template {
    /// The plan's text, and the name our repository has for it.
    fn plan(self) -> (&'static str, &'static str) {
        match self {
            Self::Quickstart => (include_str!("../../plans/quickstart.yaml"), "plans/quickstart.yaml"),
            Self::Login => (include_str!("../../plans/login-and-token.yaml"), "plans/login-and-token.yaml"),
            Self::Data => (include_str!("../../plans/data-driven.yaml"), "plans/data-driven.yaml"),
            Self::Checkout => {
                (include_str!("../../plans/checkout-with-transactions.yaml"), "plans/checkout-with-transactions.yaml")
            }
        }
    }

    /// Files the plan needs, from its own folder.
    fn data(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Data => &[("data/traders.csv", TRADERS)],
            Self::Quickstart | Self::Login | Self::Checkout => &[],
        }
    }

    /// The plan as it stands in `file`.
    fn text(self, file: &str) -> String {
        let (plan, ours) = self.plan();
        let modeline = format!("# yaml-language-server: $schema={SCHEMA}\n");
        plan.replacen(MODELINE, &modeline, 1).replace(ours, file)
    }
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    match write(args) {
        Ok(told) => {
            terminal.out(&told);
            exit::PASSED
        }
        Err(problem) => {
            terminal.problem(&problem);
            exit::INVALID
        }
    }
}

/// Writes the files and tells which.
fn write(args: &Args) -> Result<String, Problem> {
    let mut file = args.name.clone();
    let is_yaml = file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if !is_yaml {
        file.as_mut_os_string().push(".yaml");
    }
    let shown = shown_path(&file);
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    if !create(&file, &args.from.text(&shown))? {
        return Err(Problem::new(format!("{shown} is already there"), "choose another name: loadplan new NAME"));
    }
    let mut told = format!("wrote {shown}\n");
    let schema = format!("{:#}\n", crate::plan::schema::plan_schema());
    let others = args.from.data().iter().copied().chain([(SCHEMA, schema.as_str())]);
    for (name, text) in others {
        let path = folder.join(name);
        let shown = shown_path(&path);
        if create(&path, text)? {
            let what = if name == SCHEMA { " (for your editor)" } else { "" };
            let _ = writeln!(told, "wrote {shown}{what}");
        } else {
            let _ = writeln!(told, "kept  {shown}, which was there already");
        }
    }
    let _ = write!(
        told,
        "\ncheck it:              loadplan check {shown}\nwatch one user:        loadplan try {shown}\nrun it:                loadplan run {shown}\n"
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
