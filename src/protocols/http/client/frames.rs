//! Where the responses of an HTTP/2 connection begin and end, seen from their frames' heads
//! (RFC 9113 §4.1).
//!
//! The HTTP/2 library drops a DATA frame that ends a body too early together with what is in it, so
//! that nobody could tell how much of the body had come. Interim responses it passes over without end.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::Stream;
use super::h1::{MAX_INTERIM, too_many_interim};

/// How many ends are remembered.
const KEPT: usize = 16;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 0x1;
const PADDED: u8 = 0x8;
/// From how many streams on those are forgotten whose response has begun at once: the client has
/// given some up, which their end would have told.
const MANY_STREAMS: usize = 256;

/// The frames that ended a body lately.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// How many there were in all, and how many bytes of a body each of the last ones had.
    seen: RefCell<(u64, VecDeque<u64>)>,
}

impl Ends {
    /// How many there were so far.
    pub(super) fn count(&self) -> u64 {
        self.seen.borrow().0
    }

    /// The length of a body of which `received` bytes were handed on and that ended, after
    /// `since` others, before its `announced` bytes. Nothing if several responses may have done that.
    pub(super) fn length(&self, since: u64, received: u64, announced: u64) -> Option<u64> {
        let (count, last) = &*self.seen.borrow();
        let new = usize::try_from(count.saturating_sub(since)).unwrap_or(usize::MAX);
        let mut lengths =
            last.iter().rev().take(new).map(|length| received + length).filter(|length| *length < announced);
        let first = lengths.next()?;
        lengths.all(|other| other == first).then_some(first)
    }

    fn push(&self, length: u64) {
        let (count, last) = &mut *self.seen.borrow_mut();
        *count += 1;
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(length);
    }
}

/// Follows the frames of what a server sends.
#[derive(Debug, Default)]
struct Frames {
    head: [u8; 9],
    /// How much of the head has come.
    have: usize,
    /// What is left of the payload.
    left: usize,
    /// Whether the next byte of the payload is the padding's length, of a frame that ends a body.
    padded: bool,
    /// Whether a frame has come.
    begun: bool,
    /// The open streams on which a response has begun, and how many heads came on each.
    open: Vec<(u32, u32)>,
    /// Why nothing more is taken.
    broken: Option<String>,
}

impl Frames {
    fn take(&mut self, mut bytes: &[u8], ends: &Ends) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left == 0 {
                self.head[self.have] = *first;
                self.have += 1;
                bytes = rest;
                if self.have == self.head.len() {
                    self.begin(ends);
                }
                continue;
            }
            if std::mem::take(&mut self.padded) {
                ends.push((self.left - 1).saturating_sub(usize::from(*first)) as u64);
            }
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
        }
    }

    /// A head is complete.
    fn begin(&mut self, ends: &Ends) {
        self.have = 0;
        let [high, middle, low, kind, flags, stream @ ..] = self.head;
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        if !std::mem::replace(&mut self.begun, true) && kind != SETTINGS {
            // RFC 9113 §3.4.
            self.broken = Some("an HTTP/2 server must begin with a SETTINGS frame".to_owned());
        }
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if kind == RST_STREAM || (matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0) {
            self.open.retain(|(open, _)| *open != stream);
        } else if kind == HEADERS {
            self.head_came(stream);
        }
        if flags & END_STREAM != 0 {
            match kind {
                DATA if flags & PADDED != 0 && self.left > 0 => self.padded = true,
                DATA => ends.push(self.left as u64),
                HEADERS => ends.push(0),
                _ => {}
            }
        }
    }

    /// A head that does not end its stream: that of the response itself, or of one of any number of interim
    /// responses before it (RFC 9113 §8.1).
    fn head_came(&mut self, stream: u32) {
        match self.open.iter_mut().find(|(open, _)| *open == stream) {
            Some((_, heads)) => {
                *heads += 1;
                if *heads > MAX_INTERIM + 1 {
                    self.broken = Some(too_many_interim());
                }
            }
            None => {
                if self.open.len() >= MANY_STREAMS {
                    self.open.retain(|(_, heads)| *heads > 1);
                }
                self.open.push((stream, 1));
            }
        }
    }
}

/// A stream that looks at the heads of the frames that come.
pub(super) struct Watched {
    stream: Stream,
    frames: Frames,
    ends: Rc<Ends>,
}

impl Watched {
    pub(super) fn new(stream: Stream, ends: &Rc<Ends>) -> Self {
        Self { stream, frames: Frames::default(), ends: Rc::clone(ends) }
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.frames.take(&buffer.filled()[before..], &this.ends);
        if let Some(words) = &this.frames.broken {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, words.clone())));
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, 1];
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn ends_are_found_however_the_bytes_come() {
        let mut bytes = frame(4, 0, b"settings");
        bytes.extend(frame(HEADERS, 4, b"head"));
        bytes.extend(frame(DATA, 0, b"part"));
        bytes.extend(frame(DATA, END_STREAM | PADDED, b"\x02bodyPP"));
        bytes.extend(frame(DATA, END_STREAM, b"whole"));
        bytes.extend(frame(HEADERS, END_STREAM | 4, b"trailer"));
        for size in 1..bytes.len() {
            let (ends, mut frames) = (Ends::default(), Frames::default());
            bytes.chunks(size).for_each(|piece| frames.take(piece, &ends));
            let seen = ends.seen.borrow();
            assert_eq!((seen.0, seen.1.iter().copied().collect::<Vec<_>>()), (3, vec![4, 5, 0]), "{size}");
        }
    }

    #[test]
    fn interim_responses_are_counted_for_each_stream() {
        let head = |stream: u8, flags| vec![0, 0, 0, HEADERS, flags, 0, 0, 0, stream];
        let (ends, mut frames) = (Ends::default(), Frames::default());
        frames.take(&frame(SETTINGS, 0, b""), &ends);
        // A hundred, the response and its trailers, on each of many streams at the same time.
        for stream in (1..=99).step_by(2) {
            (0..=MAX_INTERIM).for_each(|_| frames.take(&head(stream, 4), &ends));
        }
        for stream in (3..=99).step_by(2) {
            frames.take(&head(stream, 4 | END_STREAM), &ends);
        }
        assert_eq!((frames.broken.clone(), frames.open.len()), (None, 1));
        frames.take(&head(1, 4), &ends);
        assert!(frames.broken.is_some());
    }

    #[test]
    fn a_length_is_told_only_if_one_answer_can_have_it() {
        let ends = Ends::default();
        ends.push(4);
        assert_eq!(ends.length(0, 2, 10), Some(6));
        assert_eq!(ends.length(1, 2, 10), None);
        ends.push(90);
        assert_eq!(ends.length(0, 2, 10), Some(6));
        ends.push(5);
        assert_eq!(ends.length(0, 2, 10), None);
        assert_eq!(ends.length(2, 2, 10), Some(7));
    }
}
