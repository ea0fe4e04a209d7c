//! Where the reports of a run go, and what must not be replaced by one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::baseline::BaselineOptions;
use super::super::plans::Rest;
use super::super::refusal::Refusal;
use super::super::terminal::Terminal;
use super::{Args, CSV, Ready};
use crate::graph::ExecutionGraph;
use crate::problem::Problem;
use crate::report::{Format, Html, Json, Jtl, Junit, OutputFiles, STDOUT, same_file};

/// Writes the reports of a refusal; the exit code.
pub(super) fn refuse(args: &Args, refusal: &Refusal, plans: &[PathBuf], terminal: &Terminal) -> u8 {
    refusal.write(plans, &args.out, |path| wanted(args, path), args.options.profiles(), args.summary_json, terminal);
    refusal.code()
}

/// The same for a program that reads standard output only: no file is touched.
pub(super) fn refuse_to_programs(args: &Args, refusal: &Refusal, plan: &PathBuf, terminal: &Terminal) -> u8 {
    let wanted = |path: &Path| {
        let mut wanted = wanted(args, path);
        wanted.retain(|(_, file)| file == Path::new(STDOUT));
        wanted
    };
    let plans = std::slice::from_ref(plan);
    refusal.write(plans, &args.out, wanted, args.options.profiles(), args.summary_json, terminal);
    refusal.code()
}

/// Where reports of these plans go.
pub(super) fn older<'a>(args: &'a Args, plans: &'a [PathBuf]) -> impl Iterator<Item = PathBuf> + 'a {
    let files = plans.iter().flat_map(|path| wanted(args, path)).map(|(_, file)| file).chain(args.csv.clone());
    files.filter(|file| file != Path::new(STDOUT))
}

/// The folder for a plan's reports: with several plans one for each, called as the plan and its profiles are, and
/// numbered where names are alike.
pub(super) fn own_folder(args: &Args, path: &Path) -> PathBuf {
    let mut taken: Vec<PathBuf> = Vec::new();
    for plan in &args.plans {
        let Some(name) = folder_name(plan, args.options.profiles()).filter(|_| args.plans.len() > 1) else { break };
        let named = |number: usize| match number {
            1 => args.out.join(&name),
            _ => args.out.join(format!("{name}-{number}")),
        };
        let own = (1..).map(named).find(|folder| !taken.contains(folder)).unwrap_or_else(|| args.out.clone());
        if std::ptr::eq(plan.as_path(), path) {
            return own;
        }
        taken.push(own);
    }
    args.out.clone()
}

/// What is to be written for a plan, and where.
pub(super) fn wanted(args: &Args, path: &Path) -> Vec<(Box<dyn Format>, PathBuf)> {
    let folder = own_folder(args, path);
    let mut wanted: Vec<(Box<dyn Format>, PathBuf)> = vec![
        (Box::new(Json), args.json.clone().unwrap_or_else(|| folder.join("results.json"))),
        (Box::new(Html), args.html.clone().unwrap_or_else(|| folder.join("report.html"))),
        (Box::new(Junit { style: args.junit_style }), args.junit.clone().unwrap_or_else(|| folder.join("junit.xml"))),
    ];
    wanted.extend(args.forges.wanted());
    wanted
}

/// Outputs that are named by an option.
pub(super) fn outputs(args: &Args) -> impl Iterator<Item = (&'static str, &PathBuf)> {
    let own = [("--json", &args.json), ("--junit", &args.junit), ("--html", &args.html), ("--csv", &args.csv)];
    let own = own.into_iter().filter_map(|(option, file)| Some((option, file.as_ref()?)));
    own.chain(args.forges.named()).chain([("--out", &args.out)])
}

/// What the folder of a plan's reports is called: `trading`, under a profile `trading-smoke`.
fn folder_name(plan: &Path, profiles: &[String]) -> Option<String> {
    let mut name = plan.file_stem()?.to_string_lossy().into_owned();
    for profile in profiles {
        let in_paths = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
        name.push('-');
        name.extend(profile.chars().map(in_paths));
    }
    Some(name)
}

/// What a run reads: its plan with all includes, and the files that the plan names.
pub(super) fn inputs(graph: &ExecutionGraph, rest: &Rest) -> impl Iterator<Item = PathBuf> {
    graph.sources.paths().map(Path::to_owned).chain(rest.files.iter().cloned())
}

/// An output that would replace another one or a file that is read: what is wrong, and the remedy.
pub(super) fn misplaced(args: &Args, ready: &[Ready<'_>]) -> Option<(String, String)> {
    let read = ready.iter().flat_map(|one| inputs(&one.graph, &one.rest).chain(one.baseline.iter().cloned()));
    let read: Vec<PathBuf> = read.filter(|file| file.exists()).collect();
    let mut taken: Vec<(&'static str, PathBuf)> = Vec::new();
    for Ready { path, baseline, .. } in ready {
        let wanted = wanted(args, path).into_iter().map(|(format, file)| (format.name(), file));
        for (name, file) in wanted.chain(args.csv.clone().map(|file| (CSV, file))) {
            if file == Path::new(STDOUT) {
                continue;
            }
            let shown = crate::sanitize::shown_path(&file);
            if name == Json.name()
                && let Some(error) = BaselineOptions::replaced(baseline, &file)
            {
                return Some((error.message, error.help));
            }
            if let Some(input) = read.iter().find(|input| same_file(input, &file)) {
                let input = crate::sanitize::shown_path(input);
                return Some((
                    format!("{name} would replace {input}, which this run reads"),
                    "name another file".into(),
                ));
            }
            if let Some((other, _)) = taken.iter().find(|(_, other)| same_file(other, &file)) {
                let message = format!("{other} and {name} would both be written to {shown}");
                return Some((message, "give each its own file".into()));
            }
            taken.push((name, file));
        }
    }
    None
}

/// Makes a place for every result file, and begins the one that is written while the run goes.
pub(super) fn open(
    wanted: Vec<(Box<dyn Format>, PathBuf)>,
    csv: Option<&PathBuf>,
) -> Result<(OutputFiles, Option<Arc<Jtl>>), Problem> {
    let mut files = OutputFiles::open(wanted)?;
    let Some(path) = csv else { return Ok((files, None)) };
    let file = files.stream(CSV, path.clone())?;
    let jtl = Jtl::begin(file)
        .map_err(|error| Problem::new(format!("the CSV file cannot be written: {error}"), "run without --csv"))?;
    Ok((files, Some(Arc::new(jtl))))
}
