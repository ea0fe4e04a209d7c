//! What is wrong with something that a person wrote or named, with its remedy: the one shape for
//! errors that are expected. Findings in a plan have places too (`diagnostic`).

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong: a sentence, or a fragment where a place is named before it.
    pub message: String,
    /// The remedy in words; empty where the message says it, or the correction does.
    pub help: String,
    /// The corrected text, where it can be guessed. It is right: reading it succeeds.
    pub corrected: Option<String>,
}

impl Fault {
    /// A fault with its remedy.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), corrected: None }
    }
}
