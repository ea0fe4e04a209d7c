//! Reading and compiling a plan for any subcommand, with the options that shape it.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::terminal::{LogLevel, Terminal};
use crate::diagnostic::{Diagnostic, Format, Severity, Sources, Span, render};
use crate::graph::{ExecutionGraph, build};
use crate::mask::Masker;
use crate::plan::{LoadOptions, LoadOverride, load};
use crate::problem::Problem;
use crate::sanitize::one_line;

/// Options that shape a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct PlanOptions {
    /// Apply a profile on top of the plan (may be given several times; they are applied in order)
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// Override an entry of `variables` or `secrets`
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = name_and_value, allow_hyphen_values = true)]
    vars: Vec<(String, String)>,
    /// Use this URL instead of the plan's `base_url`
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Run only this thread group (may be given several times)
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
    /// Make all random values repeatable
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Options that replace a plan's load.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct LoadOverrides {
    /// Replace `users` of all thread groups, or of one group with GROUP=N
    #[arg(long, value_name = "[GROUP=]N")]
    users: Vec<String>,
    /// Replace `arrival_rate` of all thread groups, or of one group with GROUP=RATE
    #[arg(long, value_name = "[GROUP=]RATE")]
    rate: Vec<String>,
    /// Replace `duration` of all thread groups (or of one), and remove `iterations` unless --iterations is given
    #[arg(long, value_name = "[GROUP=]TIME")]
    duration: Vec<String>,
    /// Replace `iterations` of all thread groups (or of one), and remove `duration` unless --duration is given
    #[arg(long, value_name = "[GROUP=]N")]
    iterations: Vec<String>,
    /// Replace `ramp_up` of all thread groups, or of one group with GROUP=TIME
    #[arg(long, value_name = "[GROUP=]TIME")]
    ramp_up: Vec<String>,
    /// One user, one iteration.
    #[arg(skip)]
    once: bool,
}

impl LoadOverrides {
    /// One user, one iteration.
    pub(super) fn once() -> Self {
        Self { once: true, ..Self::default() }
    }

    fn replaced(&self) -> Vec<LoadOverride> {
        let options = [
            ("users", &self.users),
            ("arrival_rate", &self.rate),
            ("duration", &self.duration),
            ("iterations", &self.iterations),
            ("ramp_up", &self.ramp_up),
        ];
        let one = |key, value: &String| LoadOverride { key, value: value.clone() };
        // What is said for one group comes after what is said for all.
        let mut replaced: Vec<_> =
            options.iter().flat_map(|(key, values)| values.iter().map(|value| one(*key, value))).collect();
        replaced.sort_by_key(|one| one.value.contains('='));
        replaced
    }
}

fn name_and_value(text: &str) -> Result<(String, String), Problem> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".into()),
    }
}

/// A plan that was read and compiled.
pub(super) struct Compiled {
    /// Everything found on the way.
    pub(super) findings: Vec<Diagnostic>,
    /// The texts the findings point into.
    pub(super) sources: Sources,
    /// The graph, if nothing stands in the way of a run.
    pub(super) graph: Option<ExecutionGraph>,
    /// The values of `secrets`, to be masked.
    pub(super) secrets: Vec<String>,
    /// Names of the plan's profiles.
    profiles: Vec<Arc<str>>,
    /// The plan's own name, if it could be read that far.
    pub(super) name: Option<Arc<str>>,
    /// What random draws start from.
    pub(super) seed: u64,
    /// The run's identifier.
    pub(super) run_id: Arc<str>,
    /// The files it names that are read before or during the run.
    pub(super) files: Vec<PathBuf>,
}

impl PlanOptions {
    /// The profiles' names, in the order they are laid over the plan.
    pub(super) fn profiles(&self) -> &[String] {
        &self.profile
    }

    /// Like [`Self::compile`], and as it would be under each of its profiles: a mistake in one
    /// must not wait for the night it is first needed.
    pub(super) fn compile_all(&self, path: &Path) -> Compiled {
        let mut compiled = self.compile(path, &LoadOverrides::default());
        let mut places: HashSet<Span> = compiled.findings.iter().map(|finding| finding.span).collect();
        if !self.profile.is_empty() {
            return compiled;
        }
        for name in std::mem::take(&mut compiled.profiles) {
            let under = Self { profile: vec![name.to_string()], ..self.clone() };
            // Each profile is looked at once, not once more under every other.
            for finding in under.compile_with(path, &LoadOverrides::default(), false).findings {
                if finding.severity == Severity::Error && places.insert(finding.span) {
                    compiled.findings.push(finding);
                }
            }
        }
        compiled
    }

    pub(super) fn compile(&self, path: &Path, load_overrides: &LoadOverrides) -> Compiled {
        self.compile_with(path, load_overrides, true)
    }

    fn compile_with(&self, path: &Path, load_overrides: &LoadOverrides, other_profiles: bool) -> Compiled {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect();
        let seed = self.seed.unwrap_or_else(|| rand::random::<u32>().into());
        let run_id: Arc<str> = format!("{:016x}", rand::random::<u64>()).into();
        let options = LoadOptions {
            profiles: self.profile.clone(),
            vars: self.vars.iter().cloned().collect(),
            load: load_overrides.replaced(),
            once: load_overrides.once,
            base_url: self.base_url.clone(),
            groups: self.groups.clone(),
            env: env.clone(),
            seed,
            run_id: run_id.clone(),
            skip_other_profiles: !other_profiles,
        };
        let loaded = load(path, &options);
        let mut findings = loaded.findings;
        let mut graph = None;
        let mut secrets = Vec::new();
        let mut files = Vec::new();
        let mut profiles = Vec::new();
        let mut name = None;
        if let Some(plan) = loaded.plan {
            profiles.clone_from(&plan.profiles);
            name = Some(plan.name.clone());
            secrets = plan.secrets();
            files.clone_from(&plan.files);
            let (built, more) = build(plan, &loaded.sources, &env);
            findings.extend(more);
            graph = built;
        }
        // Profiles that are not in use are read on the way too, so a finding may come twice.
        let mut seen: HashSet<Diagnostic> = HashSet::new();
        findings.retain(|finding| seen.insert(finding.clone()));
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            graph = None;
        }
        Compiled { findings, sources: loaded.sources, graph, secrets, profiles, name, seed, run_id, files }
    }
}

impl Compiled {
    /// How many errors and warnings there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        (errors, self.findings.len() - errors)
    }

    /// Whether all that is wrong is that there is no such file.
    pub(super) fn is_missing(&self, path: &Path) -> bool {
        self.findings.len() == 1 && !path.exists()
    }

    /// A missing file in words, with the remedy: it has no lines to point at.
    pub(super) fn told_missing(&self) -> String {
        let told = |finding: &Diagnostic| {
            let help = finding.help.as_deref().map(|help| format!("help: {}\n", one_line(help))).unwrap_or_default();
            format!("error: {}\n{help}", one_line(&finding.message))
        };
        self.findings.iter().map(told).collect()
    }

    /// The graph; without one, the findings are told and so is that nothing was sent.
    pub(super) fn graph_or_tell(self, path: &Path, terminal: &Terminal) -> Option<(ExecutionGraph, Rest)> {
        if self.is_missing(path) {
            terminal.err_to_the_end(&self.told_missing());
            return None;
        }
        let masker = Masker::new(&self.secrets);
        let told = |finding: &&Diagnostic| finding.severity == Severity::Error || terminal.tells(LogLevel::Warn);
        let told: Vec<Diagnostic> = self.findings.iter().filter(told).cloned().collect();
        let text = render(&told, &self.sources, Format::Text, terminal.color_stderr, &masker);
        let (errors, _) = self.counts();
        let shown = crate::sanitize::shown_path(path);
        match self.graph {
            Some(graph) => {
                terminal.err(&text);
                Some((graph, Rest { secrets: self.secrets, seed: self.seed, run_id: self.run_id, files: self.files }))
            }
            None => {
                let s = if errors == 1 { "" } else { "s" };
                terminal.err_to_the_end(&format!("{text}{shown}: {errors} error{s}; nothing was sent\n"));
                None
            }
        }
    }
}

/// What a run needs besides the graph.
pub(super) struct Rest {
    pub(super) secrets: Vec<String>,
    pub(super) seed: u64,
    pub(super) run_id: Arc<str>,
    /// The files the plan names that are read before or during the run.
    pub(super) files: Vec<PathBuf>,
}
