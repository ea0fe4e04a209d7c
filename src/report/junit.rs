//! `junit.xml`: red exactly when the exit code is not 0.
//!
//! One flat level of suites, since nested ones make Allure show no tests and one GitHub reporter
//! pass a red file. No measured value stands in a name: history keys on names.

mod cases;
mod regression;
mod write;

use std::io::{self, Write};

use super::Format;
use crate::document::Document;

/// Which reader the file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum JunitStyle {
    /// With `file` and `line` for every test case, so that tools can link to the plan
    #[default]
    Default,
    /// Without `file` and `line`, for Jenkins' xUnit plugin, which validates against a schema
    Xunit,
}

/// The format of `junit.xml`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Junit {
    /// Which reader the file is for.
    pub style: JunitStyle,
}

impl Format for Junit {
    fn name(&self) -> &'static str {
        "JUnit"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        write::write(document, &cases::suites(document), self.style, out)
    }
}

/// The suite that compares a run with earlier ones, on its own: what `compare --junit` writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegressionJunit {
    /// Which reader the file is for.
    pub style: JunitStyle,
}

impl Format for RegressionJunit {
    fn name(&self) -> &'static str {
        "JUnit"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        write::write(document, &[regression::suite(document)], self.style, out)
    }
}
