//! An HTTP/1 connection: one request at a time, driven by the task that sends it.
//!
//! It is written for this program alone because a general client's ways of handing requests,
//! answers and bodies from one task to another cost more than everything else a request does
//! here. Everything that would slow this down is omitted: no pipelining, no waiting for `100 Continue`.

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::answer::{self, Framing, Head};
use super::chunked::Chunked;
use super::conn::Peer;
use super::connect::Stream;
use super::failure::Broken;
use super::head::Wire;

/// The largest head of a response, in bytes; HTTP/2 counts 32 more for each header.
pub(super) const MAX_HEAD: usize = 256 * 1024;
/// How many interim responses (1xx) may come before the response itself; servers send one or two.
pub(crate) const MAX_INTERIM: u32 = 100;
/// How much is read at a time.
const PIECE: usize = 64 * 1024;
/// How many pieces are read before the other users of the thread have their turn.
const PIECES_AT_ONCE: u32 = 16;

thread_local! {
    /// Where bytes are read to. All connections of a thread share it, since what came is worked
    /// off at once: a buffer for each would be most of an idle user's memory.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; PIECE]);
}

/// A connection that carries one request at a time. Nobody but the task that uses it drives it.
pub(super) struct Http1 {
    stream: Stream,
    peer: Rc<Peer>,
    /// What has come and could not be used yet: the beginning of a head, or what nobody asked for.
    inbox: Vec<u8>,
}

/// A connection whose server agreed to speak another protocol on it.
#[derive(Debug)]
pub struct Upgraded {
    /// The stream, over TLS if the URL says so.
    pub stream: Stream,
    /// What has come of the new protocol already.
    pub received: Vec<u8>,
}

/// Takes a response as it comes.
pub(super) trait Receiver {
    /// Something has come, if only the end.
    fn came(&mut self);
    /// The head is complete.
    fn head(&mut self, head: Head);
    /// The next piece of the body.
    fn data(&mut self, data: &[u8]);
    /// Whether something that has come is not worked off yet.
    fn is_behind(&self) -> bool;
    /// Whether more may be read all the same.
    fn has_room(&self) -> bool;
    /// Whether there is no use in reading on.
    fn is_over(&self) -> bool;
    /// Works off some of what has come. Afterwards others have to have their turn.
    fn catch_up(&mut self);
    /// Everything that has come is worked off, and nothing more comes for now.
    fn rest(&mut self);
}

/// Why an exchange ended early.
pub(super) struct Interrupted {
    pub(super) broken: Broken,
    /// Whether nothing of the request was sent.
    pub(super) unsent: bool,
}

/// How far a response has come.
enum AnswerStage {
    /// Its head has not come.
    Head,
    Length(u64),
    Chunked(Chunked),
    ToTheEnd,
    Done,
}

/// An exchange in progress.
struct Exchange<'a, R> {
    wire: &'a Wire,
    sent: usize,
    /// Whether what was sent has left TLS too.
    flushed: bool,
    /// Why no more could be sent. The response may lie there all the same: a server that takes no
    /// body so large says so and closes.
    unsent: Option<io::Error>,
    /// Whether what had come before the request was looked at.
    looked: bool,
    stage: AnswerStage,
    /// Whether the request is a `HEAD`.
    no_body: bool,
    /// Whether the receiver was behind what has come.
    was_behind: bool,
    /// Whether the connection has ended.
    closed: bool,
    /// How many heads came before that of the response itself.
    interim: u32,
    receiver: &'a mut R,
}

impl Http1 {
    pub(super) fn new(stream: Stream, peer: Peer) -> Self {
        Self { stream, peer: Rc::new(peer), inbox: Vec::new() }
    }

    pub(super) fn peer(&self) -> &Rc<Peer> {
        &self.peer
    }

    /// Stops using HTTP on the connection.
    pub(super) fn upgraded(self) -> Upgraded {
        Upgraded { stream: self.stream, received: self.inbox }
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Whether the connection can take a request: looks at what has happened on it meanwhile.
    pub(super) async fn is_usable(&mut self) -> bool {
        // An end, an error, or a response before it was asked.
        self.inbox.is_empty() && poll_fn(|cx| Poll::Ready(self.poll_silence(cx).is_pending())).await
    }

    /// Whether a new connection has not ended yet. What the server says before it was asked (that it
    /// is overloaded, for example) is kept: it is the response.
    async fn is_open(&mut self) -> bool {
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                Poll::Ready(match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                    Poll::Pending => true,
                    Poll::Ready(Ok(())) => {
                        self.inbox.extend_from_slice(buffer.filled());
                        !buffer.filled().is_empty()
                    }
                    Poll::Ready(Err(_)) => false,
                })
            })
        })
        .await
    }

    /// Ready when anything but silence comes.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut byte = [0];
        Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte)).map(|_| ())
    }

    /// Sends a request and reads its answer to the last byte. `fresh` tells that the connection
    /// has carried nothing yet. Returns whether it can carry on: the request was sent to its last
    /// byte, and the end of the response was not the end of the connection.
    pub(super) async fn exchange<R: Receiver>(
        &mut self,
        wire: &Wire,
        no_body: bool,
        fresh: bool,
        receiver: &mut R,
    ) -> Result<bool, Interrupted> {
        if fresh && !self.is_open().await {
            return Err(Interrupted { broken: Broken::Closed, unsent: true });
        }
        let mut exchange = Exchange {
            wire,
            sent: 0,
            flushed: false,
            unsent: None,
            looked: false,
            stage: AnswerStage::Head,
            no_body,
            was_behind: false,
            closed: false,
            interim: 0,
            receiver,
        };
        let result = poll_fn(|cx| self.poll_exchange(cx, &mut exchange)).await;
        match result {
            Ok(goes_on) => Ok(goes_on && exchange.sent == wire.len()),
            Err(broken) => Err(Interrupted { broken, unsent: false }),
        }
    }

    fn poll_exchange<R: Receiver>(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange<'_, R>,
    ) -> Poll<Result<bool, Broken>> {
        SCRATCH.with_borrow_mut(|scratch| {
            // A connection in use was found silent just before, so the request goes first. Later
            // the response does: it may come before a long request is sent.
            let mut reads = exchange.sent > 0 || exchange.unsent.is_some();
            let mut pieces = 0;
            if std::mem::take(&mut exchange.was_behind)
                && let Some(whole) = ready!(exchange.settle(cx))
            {
                return Poll::Ready(Ok(whole));
            }
            loop {
                if reads && !exchange.looked {
                    exchange.looked = true;
                    if !self.inbox.is_empty() {
                        exchange.receiver.came();
                        self.take(&[], exchange)?;
                        if let Some(whole) = ready!(exchange.settle(cx)) {
                            return Poll::Ready(Ok(whole));
                        }
                    }
                }
                if reads {
                    let mut buffer = ReadBuf::new(scratch);
                    match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                        Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                            if !std::mem::replace(&mut exchange.closed, true) {
                                exchange.receiver.came();
                            }
                            if exchange.receiver.is_behind() {
                                return exchange.catch_up(cx);
                            }
                            return Poll::Ready(exchange.ended(self.stream.is_cut()));
                        }
                        Poll::Ready(Ok(())) => {
                            exchange.receiver.came();
                            self.take(buffer.filled(), exchange)?;
                            if let Some(whole) = ready!(exchange.settle(cx)) {
                                return Poll::Ready(Ok(whole));
                            }
                            pieces += 1;
                            if pieces == PIECES_AT_ONCE {
                                return give_way(cx);
                            }
                            continue;
                        }
                        Poll::Ready(Err(error)) => {
                            exchange.receiver.came();
                            return Poll::Ready(Err(exchange.failed(error)));
                        }
                        Poll::Pending if exchange.receiver.is_behind() => return exchange.catch_up(cx),
                        Poll::Pending => {
                            exchange.receiver.rest();
                            // It may have enough while nothing comes.
                            if exchange.receiver.is_over() {
                                exchange.receiver.came();
                                return Poll::Ready(Ok(false));
                            }
                        }
                    }
                }
                if exchange.unsent.is_some() {
                    return Poll::Pending;
                } else if exchange.sent < exchange.wire.len() {
                    if let Err(error) = ready!(self.poll_send(cx, exchange)) {
                        exchange.unsent = Some(error);
                    }
                    reads = true;
                } else if exchange.flushed {
                    return Poll::Pending;
                } else {
                    ready!(Pin::new(&mut self.stream).poll_flush(cx)).map_err(Broken::Io)?;
                    exchange.flushed = true;
                    return Poll::Pending;
                }
            }
        })
    }

    /// Sends the next piece; ready when something was sent.
    fn poll_send<R>(&mut self, cx: &mut Context<'_>, exchange: &mut Exchange<'_, R>) -> Poll<io::Result<()>> {
        let wire = exchange.wire;
        let mut stream = Pin::new(&mut self.stream);
        let sent = match wire.parts(exchange.sent) {
            [head, [], []] => ready!(stream.as_mut().poll_write(cx, head))?,
            parts => ready!(stream.as_mut().poll_write_vectored(cx, &parts.map(IoSlice::new)))?,
        };
        if sent == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        exchange.sent += sent;
        Poll::Ready(Ok(()))
    }

    /// Works off what has come.
    fn take<R: Receiver>(&mut self, came: &[u8], exchange: &mut Exchange<'_, R>) -> Result<(), Broken> {
        if !matches!(exchange.stage, AnswerStage::Head) {
            let taken = exchange.body(came)?;
            self.inbox.extend_from_slice(&came[taken..]);
            return Ok(());
        }
        let mut earlier = std::mem::take(&mut self.inbox);
        let bytes = if earlier.is_empty() {
            came
        } else {
            earlier.extend_from_slice(came);
            &earlier
        };
        let mut at = 0;
        while at < bytes.len() {
            let Some((head, length)) = answer::parse(&bytes[at..], exchange.no_body)? else {
                if bytes.len() - at >= MAX_HEAD {
                    return Err(Broken::TooLarge);
                }
                break;
            };
            if length > MAX_HEAD {
                return Err(Broken::TooLarge);
            }
            at += length;
            // 100 Continue, 103 Early Hints and the like come before the response itself.
            if matches!(head.status, 100..=199) && head.status != 101 {
                exchange.interim += 1;
                if exchange.interim > MAX_INTERIM {
                    return Err(Broken::Head(too_many_interim().into()));
                }
                continue;
            }
            exchange.stage = match head.framing {
                Framing::Length(0) => AnswerStage::Done,
                Framing::Length(length) => AnswerStage::Length(length),
                Framing::Chunked => AnswerStage::Chunked(Chunked::default()),
                Framing::ToTheEnd => AnswerStage::ToTheEnd,
            };
            exchange.receiver.head(head);
            at += exchange.body(&bytes[at..])?;
            break;
        }
        if at < bytes.len() {
            self.inbox = bytes[at..].to_vec();
        }
        Ok(())
    }
}

/// What is said of a server that sends interim responses only.
pub(super) fn too_many_interim() -> String {
    format!("more than {MAX_INTERIM} interim responses (1xx) before the response itself")
}

/// Lets the others have their turn before the task goes on. Not by its waker alone: a
/// task that only wakes itself runs dozens of times before the sockets and timers of the others are
/// looked at.
#[cold]
fn give_way<T>(cx: &mut Context<'_>) -> Poll<T> {
    // The first look at it is never ready.
    let _ = pin!(tokio::task::yield_now()).poll(cx);
    Poll::Pending
}

impl<R: Receiver> Exchange<'_, R> {
    /// After something has come: has the receiver work it off if it must, and tells whether the exchange is
    /// whole if nothing more is to be read.
    #[inline]
    fn settle(&mut self, cx: &mut Context<'_>) -> Poll<Option<bool>> {
        let done = matches!(self.stage, AnswerStage::Done);
        if self.receiver.is_behind() && (done || !self.receiver.has_room()) {
            return self.catch_up(cx);
        }
        if self.receiver.is_over() {
            return Poll::Ready(Some(done));
        }
        Poll::Ready(done.then_some(true))
    }

    /// Has the receiver work off some of what has come; then the others have their turn.
    #[cold]
    fn catch_up<T>(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        self.was_behind = true;
        self.receiver.catch_up();
        give_way(cx)
    }

    /// Takes a piece of the body; tells how much of it belongs to the body.
    fn body(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let taken = match &mut self.stage {
            AnswerStage::Head | AnswerStage::Done => 0,
            AnswerStage::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                if taken > 0 {
                    self.receiver.data(&bytes[..taken]);
                }
                *left -= taken as u64;
                if *left == 0 {
                    self.stage = AnswerStage::Done;
                }
                taken
            }
            AnswerStage::Chunked(chunked) => {
                let receiver = &mut *self.receiver;
                let taken = chunked.take(bytes, |data| receiver.data(data)).map_err(Broken::Io)?;
                if chunked.is_done() {
                    self.stage = AnswerStage::Done;
                }
                taken
            }
            AnswerStage::ToTheEnd => {
                if !bytes.is_empty() {
                    self.receiver.data(bytes);
                }
                bytes.len()
            }
        };
        Ok(taken)
    }

    /// The connection has ended. `cut` says that its TLS did not end as it should: nobody can tell then
    /// whether a body that ends with the connection is whole (RFC 9112 §9.8).
    fn ended(&mut self, cut: bool) -> Result<bool, Broken> {
        match (&self.stage, self.unsent.take()) {
            (AnswerStage::ToTheEnd, _) if cut => Err(Broken::Cut),
            (AnswerStage::ToTheEnd, _) => Ok(false),
            (AnswerStage::Head, Some(error)) => Err(Broken::Io(error)),
            _ => Err(Broken::Closed),
        }
    }

    /// Reading has failed: when sending did before, that is the cause.
    fn failed(&mut self, error: io::Error) -> Broken {
        Broken::Io(match self.stage {
            AnswerStage::Head => self.unsent.take().unwrap_or(error),
            AnswerStage::Length(_) | AnswerStage::Chunked(_) | AnswerStage::ToTheEnd | AnswerStage::Done => error,
        })
    }
}
