//! Azure Pipelines: logging commands.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>

use std::path::Path;

use super::Annotation;

/// Text of a command. The agent decodes properties and messages alike.
pub fn escaped(text: &str) -> String {
    // The percent sign first, or the others' escapes would be escaped again.
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A").replace(']', "%5D").replace(';', "%3B")
}

/// A line that makes an issue of the job, at a line of a file.
pub fn issue(one: &Annotation) -> String {
    let column = one.column.map(|column| format!(";columnnumber={column}")).unwrap_or_default();
    format!(
        "##vso[task.logissue type={};sourcepath={};linenumber={}{column}]{}",
        one.level.word(),
        escaped(&one.file),
        one.line,
        escaped(&one.message)
    )
}

/// A line that shows a Markdown file on the page of the run.
pub fn upload_summary(path: &Path) -> String {
    format!("##vso[task.uploadsummary]{}", escaped(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::Level;

    #[test]
    fn nothing_in_a_value_ends_a_property_or_the_command() {
        let one = Annotation {
            level: Level::Error,
            file: "a]b;type=warning%3B.yaml".into(),
            line: 3,
            column: None,
            title: String::new(),
            message: "50%\r\n##vso[task.complete]".into(),
        };
        assert_eq!(
            issue(&one),
            "##vso[task.logissue type=error;sourcepath=a%5Db%3Btype=warning%AZP253B.yaml;linenumber=3]50%AZP25%0D%0A##vso[task.complete%5D"
        );
    }
}
