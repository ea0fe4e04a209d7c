//! Reading a plan: the file and what it includes, profiles, overrides, and all findings.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::lower::{self, Lower};
use super::other_tools;
use super::requires::{self, Refused};
use super::statics::Statics;
use super::types::Plan;
use super::{nearby, overlay, pitfalls, quotable_files};
use crate::diagnostic::{Diagnostic, FileId, Severity, Sources, Span};
use crate::problem::Problem;
use crate::sanitize::shown_path;
use crate::yaml::{self, Node};

/// The largest file read as a plan, an include or a list of data, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// What to read and how.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Profiles, in order.
    pub profiles: Vec<String>,
    /// `--var` values by name.
    pub vars: BTreeMap<String, String>,
    /// Replace parts of the load, in order.
    pub load: Vec<LoadOverride>,
    /// Gives every group one user and one iteration, at once.
    pub once: bool,
    /// Replaces the plan's `base_url`.
    pub base_url: Option<String>,
    /// The only groups to run; all if empty.
    pub groups: Vec<String>,
    /// The environment, as `env.NAME` sees it.
    pub env: BTreeMap<String, String>,
    /// What every random draw starts from.
    pub seed: u64,
    /// The run's identifier, as `run_id` sees it.
    pub run_id: Arc<str>,
    /// Leave out profiles that are not in use, which are otherwise looked at for mistakes.
    pub skip_other_profiles: bool,
}

/// A part of the load that the command line replaces.
#[derive(Clone, Debug)]
pub struct LoadOverride {
    /// The key of a thread group.
    pub key: &'static str,
    /// The value, for every group; `GROUP=VALUE` for one.
    pub value: String,
}

impl LoadOverride {
    /// The option of the command line.
    pub(super) fn option(&self) -> String {
        match self.key {
            "arrival_rate" => "--rate".into(),
            key => format!("--{}", key.replace('_', "-")),
        }
    }
}

/// A plan that was read, with everything found on the way.
#[derive(Debug)]
pub struct Loaded {
    /// Every file read.
    pub sources: Sources,
    /// The plan, as far as it could be understood.
    pub plan: Option<Plan>,
    /// Every finding, in order of place.
    pub findings: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether nothing stands in the way of a run.
    pub fn is_valid(&self) -> bool {
        self.plan.is_some() && !self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Reads a plan. Everything that is wrong is in `findings`; nothing is sent or started.
pub fn load(path: &Path, options: &LoadOptions) -> Loaded {
    let mut sources = Sources::with_sections(super::keys::PLAN.keys.iter().map(|key| key.name));
    let mut findings = Vec::new();
    let plan = read(path, options, &mut sources, &mut findings);
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert(finding.clone()));
    keep_quotes(&mut findings, &sources);
    part_patches(&mut findings);
    Loaded { sources, plan, findings }
}

/// A key in quotes needs no space after its `:`, as in JSON; another name for it stays in quotes there.
fn keep_quotes(findings: &mut [Diagnostic], sources: &Sources) {
    for fix in findings.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
        let after = Span { start: fix.span.end, end: fix.span.end + 2, ..fix.span };
        let written = sources.text(fix.span);
        let quote = written.chars().next().filter(|quote| matches!(quote, '"' | '\'') && written.ends_with(*quote));
        let is_key = sources.text(after).starts_with(':') && !sources.text(after).ends_with(char::is_whitespace);
        if let Some(quote) = quote.filter(|quote| is_key && !fix.replacement.contains(*quote)) {
            fix.replacement = format!("{quote}{}{quote}", fix.replacement);
        }
    }
}

/// Of patches of which one lies within another only the inner one stays, so that all can be put in place at
/// once; the next check offers the outer one again. A place gets one patch.
fn part_patches(findings: &mut [Diagnostic]) {
    let mut places = HashSet::new();
    for finding in findings.iter_mut() {
        if finding.fix.as_ref().is_some_and(|fix| !places.insert(fix.span)) {
            finding.fix = None;
        }
    }
    let mut patched: Vec<(Span, usize)> =
        findings.iter().enumerate().filter_map(|(at, one)| Some((one.fix.as_ref()?.span, at))).collect();
    patched.sort_by_key(|(span, _)| (span.file, span.start, std::cmp::Reverse(span.end)));
    for pair in patched.windows(2) {
        if let [(outer, at), (inner, _)] = pair
            && outer.file == inner.file
            && inner.start < outer.end
            && outer != inner
        {
            findings[*at].fix = None;
        }
    }
}

fn read(path: &Path, options: &LoadOptions, sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Option<Plan> {
    let (file, mut node) = read_yaml(path, sources, findings)?;
    match requires::check(&node) {
        None => {}
        Some(Refused::Text(finding)) => findings.push(finding),
        Some(Refused::Version(finding)) => {
            findings.push(finding);
            return None;
        }
    }
    let folder: Arc<Path> = path.parent().map_or_else(|| Arc::from(Path::new("")), Arc::from);
    let mut lower = Lower {
        sources,
        findings,
        statics: Statics::new(&options.env, options.vars.clone(), options.seed, options.run_id.clone()),
        folder,
        fragments: BTreeMap::new(),
        including: Vec::new(),
        step_count: 0,
        files: Vec::new(),
        profiled: !options.profiles.is_empty(),
        around: Default::default(),
        unread: Default::default(),
        weighted: false,
        empty_values: Default::default(),
        moved_to_plan: Vec::new(),
        told_data: Vec::new(),
    };
    lower.translate(&mut node);
    let mut skip = false;
    for name in &options.profiles {
        skip |= overlay::profile(&mut lower, &mut node, name).unwrap_or(false);
    }
    if !options.skip_other_profiles {
        check_other_profiles(&mut lower, &node, &options.profiles);
    }
    overlay::overrides(&mut lower, &mut node, options);
    let name = path.file_stem().map_or_else(|| "plan".into(), |stem| stem.to_string_lossy());
    let plan = lower::plan(&mut lower, &node, file, &name);
    let doubts = lower.statics.doubts.drain(..).collect::<Vec<_>>();
    for doubt in doubts {
        // A text that stands for several places is computed several times.
        if !lower.findings.iter().any(|known| known.span == doubt.span && known.message == doubt.message) {
            lower.findings.push(doubt);
        }
    }
    let mut plan = plan?;
    plan.skip_without_samples = skip;
    plan.unread = std::mem::take(&mut lower.unread);
    plan.without_thresholds = options.once;
    let mistakes = lower.findings.iter().any(|finding| finding.severity == Severity::Error);
    plan.is_whole = options.groups.is_empty() && !mistakes;
    Some(plan)
}

/// Profiles that are not in use are checked too: a mistake in one must not wait for the night
/// it is first needed.
fn check_other_profiles(lower: &mut Lower<'_>, plan: &Node, used: &[String]) {
    let Some(profiles) = plan.get("profiles").and_then(Node::entries) else { return };
    for entry in profiles.iter().filter(|entry| !used.iter().any(|name| **name == *entry.key)) {
        let mut copy = plan.clone();
        overlay::profile(lower, &mut copy, &entry.key);
    }
}

/// Reads a YAML file of a plan.
pub(super) fn read_yaml(path: &Path, sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Option<(FileId, Node)> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(problem) => {
            let file = sources.add(path, "");
            let finding = Diagnostic::error(Span { file, start: 0, end: 0 }, problem.message);
            findings.push(if problem.help.is_empty() { finding } else { finding.help(problem.help) });
            return None;
        }
    };
    let file = sources.add(path, text.as_str());
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        findings.push(
            Diagnostic::error(Span { file, start: 0, end: 0 }, "the file is empty")
                .help("`loadplan new` writes a plan to start from"),
        );
        return None;
    }
    if let Some((what, remedy)) = other_tools::kind(&text) {
        findings.push(
            Diagnostic::error(
                Span { file, start: 0, end: 0 },
                format!("this is {what}; loadplan cannot read it as a plan"),
            )
            .help(remedy),
        );
        return None;
    }
    let (mended, pitfalls) = pitfalls::scan(&text, file);
    let told = pitfalls.len();
    findings.extend(pitfalls);
    let mut errors = Vec::new();
    let node = yaml::parse(&mended.text, file, &mended, &mut errors);
    for error in &mut errors {
        if told == 0 && error.message.starts_with(yaml::NO_ITEM) {
            at_its_dash(&text, error);
        }
    }
    // A syntax error that a pitfall on the same line explains already would only confuse.
    let lines: Vec<usize> = findings[findings.len() - told..].iter().map(|one| sources.position(one.span).0).collect();
    errors.retain(|error| !lines.contains(&sources.position(error.span).0) || node.is_some());
    if node.is_none() && errors.is_empty() && told == 0 {
        errors.push(Diagnostic::error(Span { file, start: 0, end: 0 }, "the file holds no value"));
    }
    findings.extend(errors);
    node.map(|node| (file, node))
}

/// Says of a key that stands as far left as the dash of its step how far it is to be indented.
fn at_its_dash(text: &str, error: &mut Diagnostic) {
    let Some((word, place, replacement)) = pitfalls::indented(text, error.span.start as usize) else { return };
    let span = Span { start: place.start as u32, end: place.end as u32, ..error.span };
    let is_step = replacement == "- ";
    let finding = Diagnostic::error(error.span, format!("`{word}` stands as far left as the `-` of the step above it"));
    let help = if is_step {
        format!("if it is a step of its own, put `- ` in front of it: `- {word}: …`")
    } else {
        format!(
            "if `{word}` belongs to the step above it, indent it by two spaces, as far as that step's first key; if it is a step of its own, put `- ` in front"
        )
    };
    *error = finding.help(help).fix(span, replacement);
}

/// A file's text without its byte order mark, or why it cannot be used.
fn read_text(path: &Path) -> Result<String, Problem> {
    let shown = shown_path(path);
    if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") && !quotable_files::is_plan(path) {
        return Err(format!("{shown} is a link to a file whose name does not end in .yaml or .yml").into());
    }
    let (file, size) = File::open(path)
        .and_then(|file| file.metadata().map(|data| (file, data.len())))
        .map_err(|error| cannot_read(path, &shown, &error))?;
    // A device says no size, and has no end.
    let mut bytes = Vec::new();
    if size <= MAX_FILE {
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| cannot_read(path, &shown, &error))?;
    }
    let size = size.max(bytes.len() as u64);
    if size > MAX_FILE {
        return Err(format!("{shown} is too large for a plan: {size} bytes, at most {MAX_FILE}").into());
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::new(format!("{shown} is UTF-16"), "save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        Problem::new(
            format!("{shown} is not UTF-8: line {line} holds a byte that is none of it"),
            "save the file as UTF-8",
        )
    })?;
    if text.contains('\0') {
        return Err(format!("{shown} is not a text file").into());
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn cannot_read(path: &Path, shown: &str, error: &std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::new(format!("there is no file {shown}"), nearby::remedy(path).unwrap_or_default())
        }
        std::io::ErrorKind::PermissionDenied => format!("{shown} may not be read (permission denied)").into(),
        std::io::ErrorKind::IsADirectory => {
            Problem::new(format!("{shown} is a folder"), nearby::in_folder(path).unwrap_or("name a plan file".into()))
        }
        _ => format!("{shown} cannot be read: {error}").into(),
    }
}
