//! The comparison with earlier runs as a suite: a case for each line that is judged.

use super::cases::{Case, CaseOutcome, Suite, make_unique};
use crate::document::{ComparedLine, Judgement};
use crate::document::{Document, ScopeKind};

/// The suite; without cases when the run was compared with nothing.
pub(super) fn suite(document: &Document<'_>) -> Suite {
    let lines = document.regression.iter().flat_map(|comparison| comparison.judged());
    let mut cases: Vec<Case> = lines.map(|line| case(document, line)).collect();
    make_unique(&mut cases);
    Suite { name: "regression", time: 0.0, cases }
}

fn case(document: &Document<'_>, line: &ComparedLine) -> Case {
    let lines = |wanted: &[Judgement]| -> String {
        let figures = line.figures.iter().filter(|figure| wanted.contains(&figure.verdict));
        figures.map(|figure| format!("{}\n", figure.sentence)).collect()
    };
    let all = || lines(&[Judgement::Ok, Judgement::Improved, Judgement::Follows, Judgement::Inconclusive]);
    let place = document.place(line.file.as_ref(), line.line.unwrap_or(1));
    let outcome = match line.verdict {
        Judgement::Regressed => {
            CaseOutcome::Failure("Regression", lines(&[Judgement::Regressed]).trim_end().to_owned())
        }
        Judgement::Inconclusive => CaseOutcome::Skipped(lines(&[Judgement::Inconclusive]).trim_end().to_owned()),
        Judgement::NotJudged => CaseOutcome::Skipped("no figure of it is judged".into()),
        Judgement::Ok | Judgement::Improved | Judgement::Follows => CaseOutcome::Passed,
    };
    let name = if line.kind == ScopeKind::Sampler { line.title.clone() } else { line.name() };
    let mut case = Case::new(name, place, outcome);
    if !matches!(case.outcome, CaseOutcome::Skipped(_)) {
        case.out = all();
    }
    case
}
