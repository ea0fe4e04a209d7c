//! Connections of those who look at a run: this many at once, and none that keeps others away.
//!
//! A connection whose request head does not come in time is closed, as is, when a new one comes and
//! all places are taken, the one on which nothing has happened for the longest time.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// How long a request's head may take, the first one from the beginning of its connection.
const HEAD: Duration = Duration::from_secs(10);

/// The connections of a server.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    began: Instant,
    taken: Mutex<Vec<Arc<TakenPlace>>>,
}

#[derive(Debug, Default)]
struct TakenPlace {
    /// When something was last read or written, in milliseconds of the server.
    used: AtomicU64,
    given_away: AtomicBool,
    reader: Mutex<Option<Waker>>,
}

impl Places {
    /// This many places.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, began: Instant::now(), taken: Mutex::default() })
    }

    /// Gives a connection its place, that of another one if there is none left.
    pub(crate) fn take(self: &Arc<Self>, stream: TcpStream) -> Placed {
        let place = Arc::new(TakenPlace::default());
        self.touch(&place);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= self.most
            && let Some(at) = (0..taken.len()).min_by_key(|at| taken[*at].used.load(Ordering::Relaxed))
        {
            let oldest = taken.swap_remove(at);
            oldest.given_away.store(true, Ordering::Release);
            if let Some(reader) = oldest.reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
                reader.wake();
            }
        }
        taken.push(place.clone());
        Placed { stream, head: Some(Head::default()), answered: false, place, places: self.clone() }
    }

    fn touch(&self, place: &TakenPlace) {
        place.used.store(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A connection with its place.
pub(crate) struct Placed {
    stream: TcpStream,
    /// The head that is awaited.
    head: Option<Head>,
    /// Whether something was written since the last head.
    answered: bool,
    place: Arc<TakenPlace>,
    places: Arc<Places>,
}

/// A request's head in progress.
struct Head {
    time: Pin<Box<Sleep>>,
    /// How many line ends have come one after the other.
    ends: u8,
    /// Whether anything but empty lines has come. Those before the request line say nothing (RFC 9112 §2.2).
    begun: bool,
}

impl Default for Head {
    fn default() -> Self {
        Self { time: Box::pin(tokio::time::sleep(HEAD)), ends: 0, begun: false }
    }
}

impl Head {
    /// Whether it is complete with these bytes: an empty line ends it (RFC 9112 §2.1).
    fn ends_with(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            match byte {
                b'\n' => self.ends += u8::from(self.begun),
                b'\r' => {}
                _ => (self.ends, self.begun) = (0, true),
            }
            if self.ends == 2 {
                return true;
            }
        }
        false
    }
}

impl Placed {
    fn took(&mut self, bytes: &[u8]) {
        self.places.touch(&self.place);
        if self.head.is_none() && std::mem::take(&mut self.answered) {
            self.head = Some(Head::default());
        }
        if self.head.as_mut().is_some_and(|head| head.ends_with(bytes)) {
            self.head = None;
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.places
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|taken| !Arc::ptr_eq(taken, &self.place));
    }
}

impl AsyncRead for Placed {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.place.reader.lock().unwrap_or_else(PoisonError::into_inner).replace(cx.waker().clone());
        if this.place.given_away.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = read {
            this.took(&buffer.filled()[before..]);
        }
        let late = this.head.as_mut().is_some_and(|head| head.time.as_mut().poll(cx).is_ready());
        if late { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { read }
    }
}

impl AsyncWrite for Placed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(_)) = written {
            this.answered = true;
            this.places.touch(&this.place);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9112 §2.2: empty lines before the request line are ignored, so they end no head.
    #[tokio::test]
    async fn regression_empty_lines_before_a_request_are_no_head() {
        let mut head = Head::default();
        assert!(!head.ends_with(b"\r\n\r\n\n\n"));
        assert!(!head.ends_with(b"GET / HTTP/1.1\r\na: b\r\n"));
        assert!(head.ends_with(b"\r\n"));
    }
}
