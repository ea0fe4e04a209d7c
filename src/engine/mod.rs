//! The engine starts, paces and stops virtual users, and walks each through the graph.
//!
//! Every worker thread has a runtime of its own and its share of the users; a user is one task
//! that never leaves its thread, so its state needs no locks and its samples go into the thread's
//! own recorder. What users do share (piles of data, locks, meeting points) is in [`Shared`].

mod alarm;
mod clock;
mod events;
mod frame;
pub(crate) mod group;
mod life;
mod open;
mod run;
mod sample;
mod shared;
#[cfg(test)]
mod tests;
mod threads;
mod user;
mod walk;
mod worker;

pub use clock::Clock;
pub use events::{Event, Fork, Observed, Observer, Row, RowKind, RowSink, Rows};
pub use run::{Finished, Input, Lifecycle, Monitor, Stopping, block_on, render, run};
pub use shared::Shared;
