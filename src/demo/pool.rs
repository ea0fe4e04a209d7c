//! The simulated database: a few connections, each held for the time of a query.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long a request waits for a connection before it is turned away.
const PATIENCE: Duration = Duration::from_secs(30);

/// No connection became free in time.
#[derive(Debug)]
pub(super) struct Exhausted;

/// Connections to a database that does nothing but take its time.
#[derive(Debug)]
pub(super) struct DatabasePool {
    free: Semaphore,
    size: usize,
    waiting: AtomicUsize,
    query_time: Duration,
    patience: Duration,
}

impl DatabasePool {
    pub(super) fn new(size: usize, query_time: Duration) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Self { free: Semaphore::new(size), size, waiting: AtomicUsize::new(0), query_time, patience: PATIENCE }
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Holds a connection for the time of a query. Whoever asks first gets the next free one.
    pub(super) async fn query(&self) -> Result<(), Exhausted> {
        let permit = match self.free.try_acquire() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = Waiting::new(&self.waiting);
                match tokio::time::timeout(self.patience, self.free.acquire()).await {
                    Ok(Ok(permit)) => permit,
                    Ok(Err(_)) | Err(_) => return Err(Exhausted),
                }
            }
        };
        if !self.query_time.is_zero() {
            tokio::time::sleep(self.query_time).await;
        }
        drop(permit);
        Ok(())
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn in_use(&self) -> usize {
        self.size - self.free.available_permits().min(self.size)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Counts a waiting request, also when its client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
