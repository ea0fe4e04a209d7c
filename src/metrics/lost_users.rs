//! Users that ended early.

use crate::graph::{DataId, GroupId, LabelId};

/// Users of a group that ended early, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostUsers {
    /// Their group.
    pub group: GroupId,
    /// Why they ended.
    pub why: LostWhy,
}

/// Why a user ended early. What the plan itself asks for (`stop: user`) is no loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LostWhy {
    /// This step of `on_start` failed.
    OnStart(LabelId),
    /// This step failed, and `on_error` ends the user, its group or the test then.
    OnError(LabelId),
    /// The data set had no row left, or could not be read on.
    NoRow(DataId),
}
