//! What a plan says of requests: one enum over the protocols. A protocol's own keys and their
//! meaning are in its folder.

use std::sync::Arc;

use super::http::plan::{HttpSettings, HttpStep};
use crate::mask::without_userinfo;
use crate::plan::keys::{Kind, Section};
use crate::plan::{AssertionGroup, Fields, Lower, Text};
use crate::yaml::Entry;

/// The kinds of steps that are requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// An HTTP request by its method, or by `request`.
    Http,
}

/// Every section of keys that is a protocol's own, in the order of the reference page.
pub static SECTIONS: &[&[&Section]] = &[super::http::keys::SECTIONS];

/// Every kind of request, in the order of the reference page.
pub static KINDS: &[&[Kind]] = &[&super::http::keys::KINDS];

/// What a request sends, as it is written.
#[derive(Clone, Debug)]
pub enum Spec {
    /// An HTTP request.
    Http(HttpStep),
}

/// What requests start from: the settings of each protocol on the plan or on a thread group.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `http:`
    pub http: HttpSettings,
}

impl Spec {
    /// Reads what a step of this kind sends; `entry` is its kind key.
    pub(crate) fn read(lower: &mut Lower<'_>, kind: RequestKind, entry: &Entry, fields: &Fields<'_>) -> Option<Self> {
        match kind {
            RequestKind::Http => lower.http_step(entry, fields).map(Self::Http),
        }
    }

    /// The method or command, and where it goes, as written.
    pub fn target(&self) -> (&Arc<str>, &Text) {
        match self {
            Self::Http(step) => (&step.method, &step.url),
        }
    }

    /// What it does, in a few words: the label of a request without a name.
    pub fn describe(&self) -> Arc<str> {
        match self {
            Self::Http(step) => format!("{} {}", step.method, without_userinfo(&step.url.value)).into(),
        }
    }
}

impl Defaults {
    /// The settings on the plan or a thread group.
    pub(crate) fn read(lower: &mut Lower<'_>, fields: &Fields<'_>) -> Self {
        Self { http: fields.get("http").and_then(|node| lower.http_defaults(node)).unwrap_or_default() }
    }

    /// The assertions on every response of requests such as this one.
    pub fn assertions(&self, spec: &Spec) -> &[AssertionGroup] {
        match spec {
            Spec::Http(_) => &self.http.assert,
        }
    }
}
