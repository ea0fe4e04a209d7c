//! The engine starts, paces and stops virtual users, and moves each of them through the graph.
//!
//! Every worker thread has its own runtime and its share of the users. A user is one task that never
//! leaves its thread, so its state needs no locks, and its samples go into the recorder of that thread.
//! Everything that users share (data sets, locks, rendezvous points) is in [`Shared`].

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
