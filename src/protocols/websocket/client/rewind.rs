//! A WebSocket's stream: gives the bytes that were read already first, and ends at a frame that
//! breaks a rule.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::Frames;
use crate::protocols::http::client::{Stream, Upgraded};

/// Returns the bytes that came with the handshake first, then those of the stream.
pub(super) struct Rewind {
    received: Option<Box<[u8]>>,
    at: usize,
    stream: Stream,
    frames: Frames,
    broken: BrokenRule,
}

/// The rule that the server has broken, if it has.
pub(super) type BrokenRule = Rc<Cell<Option<&'static str>>>;

impl Rewind {
    /// The stream of a connection; `compression` tells whether messages may be compressed.
    pub(super) fn new(upgraded: Upgraded, compression: bool) -> Self {
        let received = (!upgraded.received.is_empty()).then(|| upgraded.received.into_boxed_slice());
        let (frames, broken) = (Frames::new(compression), BrokenRule::default());
        Self { received, at: 0, stream: upgraded.stream, frames, broken }
    }

    /// Tells which rule the server has broken, also once the stream is out of sight.
    pub(super) fn broken(&self) -> BrokenRule {
        Rc::clone(&self.broken)
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(received) = &self.received {
            let left = &received[self.at..];
            let taken = left.len().min(buffer.remaining());
            buffer.put_slice(&left[..taken]);
            self.at += taken;
            if self.at == received.len() {
                self.received = None;
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncRead for Rewind {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.broken.get().is_some() {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let poll = this.poll_bytes(cx, buffer);
        if let Err((good, rule)) = this.frames.check(&buffer.filled()[before..]) {
            // What came before is handed on.
            buffer.set_filled(before + good);
            this.broken.set(Some(rule));
        }
        poll
    }
}

impl AsyncWrite for Rewind {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
