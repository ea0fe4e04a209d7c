//! The report as a live page during a run (`--dashboard`).
//!
//! A [`Feed`] on the main thread of the run creates the content from the same results that thresholds
//! use, but only while the page is open. A [`Server`] on a separate thread sends it to browsers as
//! server-sent events. The URL of the page contains a random token, and the page ends with the run.
//! The threads that generate load are not involved.

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
