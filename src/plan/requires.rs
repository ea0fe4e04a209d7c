//! `requires: ">=0.2"`: the versions of loadplan a plan works with.

use semver::{Version, VersionReq};

use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::Node;

/// The version of this program.
const THIS: &str = env!("CARGO_PKG_VERSION");

/// What is wrong with the plan's `requires`.
pub(super) enum Refused {
    /// It is met by other versions only. What else is found in the plan may be a key that this version does not know.
    Version(Diagnostic),
    /// It cannot be read.
    Text(Diagnostic),
}

/// Reads the key of a plan, if it has one, and holds it against this program's version.
pub(super) fn check(plan: &Node) -> Option<Refused> {
    let node = plan.get("requires")?;
    let text = node.text().filter(|_| !node.is_null());
    let Some(text) = text else {
        let message = format!("`requires` takes a version or a range of versions, not {}", node.describe());
        return Some(Refused::Text(Diagnostic::error(node.span, message).help("for example `requires: \">=0.2\"`")));
    };
    judge(text, node.span, THIS)
}

/// The same for any version.
fn judge(text: &str, span: Span, version: &str) -> Option<Refused> {
    let wanted = match VersionReq::parse(text.trim()) {
        Ok(wanted) => wanted,
        Err(error) => return Some(Refused::Text(malformed(text, span, &error))),
    };
    let this = Version::parse(version).ok()?;
    // A build on the way to a version (0.2.0-rc.1) has what the version will have.
    let released = Version::new(this.major, this.minor, this.patch);
    if wanted.matches(&this) || wanted.matches(&released) {
        return None;
    }
    let message = format!("this plan requires loadplan {}, but this is loadplan {version}", text.trim());
    let help = format!(
        "install a version that `requires` allows (docs/install.md), or change `requires` if the plan works with {version}"
    );
    Some(Refused::Version(Diagnostic::error(span, message).help(help)))
}

fn malformed(text: &str, span: Span, error: &semver::Error) -> Diagnostic {
    let finding = Diagnostic::error(span, format!("`requires`: `{text}` is not a range of versions: {error}"));
    match corrected(text) {
        Some(corrected) => {
            finding.help(format!("did you mean `\"{corrected}\"`?")).fix(span, format!("\"{corrected}\""))
        }
        None => finding.help("write `>=0.2`, `^0.2`, `=0.2.1`, or several with commas: `>=0.2, <1`"),
    }
}

/// What other tools and people write, as a range that can be read.
fn corrected(text: &str) -> Option<String> {
    let mut text = text.trim().to_lowercase().replace('≥', ">=").replace('≤', "<=");
    for word in ["loadplan", "version"] {
        text = text.replace(word, "");
    }
    text = text.replace("==", "=").replace("=>", ">=").replace("=<", "<=");
    // `v0.2`, `0.2+`, `0.2 or later`.
    let later = ["+", "or later", "or newer", "or higher", "and up"];
    if let Some(rest) = later.iter().find_map(|end| text.trim_end().strip_suffix(end)) {
        text = format!(">={}", rest.trim().trim_start_matches(">="));
    }
    text = text.replace('v', "");
    let mut ranges: Vec<String> = Vec::new();
    for word in text.replace(',', " ").split_whitespace() {
        match ranges.last_mut() {
            // `>= 0.2`
            Some(last) if last.ends_with(['<', '>', '=', '^', '~']) => last.push_str(word),
            _ => ranges.push(word.to_owned()),
        }
    }
    for range in &mut ranges {
        if let Some(version) = range.strip_prefix("~>") {
            *range = pessimistic(version)?;
        }
    }
    let text = ranges.join(", ");
    (VersionReq::parse(&text).is_ok() && !text.is_empty()).then_some(text)
}

/// `~> 0.1` of Terraform and Bundler: the last number that is written may rise, so `>=0.1, <1.0`. `~0.1` is another range.
fn pessimistic(version: &str) -> Option<String> {
    let numbers: Vec<u64> = version.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [_] => Some(format!(">={version}")),
        [major, _] => Some(format!(">={version}, <{}.0", major.checked_add(1)?)),
        [major, minor, _] => Some(format!(">={version}, <{major}.{}", minor.checked_add(1)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::FileId;

    /// What is told; nothing if the version is fine.
    fn judged(text: &str, version: &str) -> String {
        let span = Span { file: FileId(0), start: 0, end: 1 };
        match judge(text, span, version) {
            None => String::new(),
            Some(Refused::Version(finding)) => finding.message,
            Some(Refused::Text(finding)) => format!("malformed, {}", finding.help.unwrap_or_default()),
        }
    }

    #[test]
    fn a_range_admits_the_versions_in_it() {
        // By hand, after the rules of Cargo: `^0.2` and a bare `0.2` stay below 0.3, since the first number that is
        // not 0 must not change.
        for (range, inside, outside) in [
            (">=0.2", "0.2.0", "0.1.9"),
            (">0.2.1", "0.2.2", "0.2.1"),
            ("=0.2.1", "0.2.1", "0.2.2"),
            ("^0.2", "0.2.9", "0.3.0"),
            ("0.2", "0.2.9", "0.3.0"),
            (">=0.2, <1", "0.9.0", "1.0.0"),
            (">=0.2", "0.2.0-rc.1", "0.1.0-rc.1"),
        ] {
            assert_eq!(judged(range, inside), "", "{range} {inside}");
            let told = format!("this plan requires loadplan {range}, but this is loadplan {outside}");
            assert_eq!(judged(range, outside), told);
        }
    }

    #[test]
    fn what_cannot_be_read_gets_the_range_that_was_meant() {
        for (written, meant) in [
            ("v0.2+", ">=0.2"),
            ("≥0.2", ">=0.2"),
            ("=>0.2", ">=0.2"),
            (">=0.2 <1", ">=0.2, <1"),
            ("== 0.2.1", "=0.2.1"),
            ("0.2 or later", ">=0.2"),
            ("loadplan >= 0.2", ">=0.2"),
            // Terraform's and Bundler's rule: the rightmost number that is written may rise.
            ("~>0.1", ">=0.1, <1.0"),
            ("~> 0.1.2", ">=0.1.2, <0.2"),
            ("~>2", ">=2"),
        ] {
            let told = judged(written, "0.1.0");
            assert!(told.starts_with("malformed") && told.contains(&format!("`\"{meant}\"`")), "{written}: {told}");
        }
        assert!(judged("latest", "0.1.0").contains("write `>=0.2`"));
    }
}
