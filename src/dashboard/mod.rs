//! The report as a live page while a run goes (`--dashboard`).
//!
//! A [`Feed`] on the run's main thread makes what is to be shown from the same results that
//! thresholds are judged by, and only while somebody looks; a [`Server`] on a thread of its own
//! hands it to browsers as server-sent events. The page has a random token in its address and
//! ends with the run. Nothing of it touches the threads that apply the load.

mod feed;
mod server;

pub use feed::{Feed, Scene};
pub use server::Server;

use tokio::sync::mpsc::Sender;

/// What a viewer is sent.
#[derive(Clone, Debug)]
enum PageUpdate {
    /// The page, or what has changed of it.
    Page(String),
    /// The page as it stays: the run has ended.
    End(String),
}

/// Somebody who has opened the page.
type Viewer = Sender<PageUpdate>;
