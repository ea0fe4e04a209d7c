//! Prices as server-sent events: <https://html.spec.whatwg.org/multipage/server-sent-events.html> (§9.2).

use std::convert::Infallible;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};

use super::api::ApiError;
use super::feed::{self, OpenFeed, parameter};
use super::state::State;
use crate::units::{parse_duration, written_duration};

/// How long a client is told to wait before it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// A comment follows this number of events, as servers send them to keep a connection busy.
const COMMENT_EVERY: u64 = 10;
const EVENTS: u64 = 20;
const MAX_EVENTS: u64 = 1000;
const INTERVAL: Duration = Duration::from_millis(50);
const MIN_INTERVAL: Duration = Duration::from_millis(1);
const MAX_INTERVAL: Duration = Duration::from_secs(10);
/// The largest id a client may continue after: every JSON reader keeps whole numbers up to 2^53.
const MAX_ID: u64 = 1 << 53;

/// A block of the stream.
enum Block {
    Retry,
    /// The quote with this id; the first of a stream is sent at once.
    Quote {
        id: u64,
        at_once: bool,
    },
    Comment,
    Done,
}

/// What is asked for, and the feed that stays open until it has been sent.
struct Playback {
    symbols: Vec<&'static str>,
    interval: Duration,
    _open: OpenFeed,
}

pub(super) async fn stream(
    Shared(state): Shared<Arc<State>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !takes_events(&headers) {
        let error = "this is a stream of events: send `Accept: text/event-stream` or no Accept header";
        return Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, error));
    }
    let symbols = feed::symbols(&uri)?;
    if symbols.is_empty() {
        return Err(ApiError::bad("symbols", "symbols must name at least one symbol, for example symbols=AAPL,MSFT"));
    }
    let (events, interval, after) = (events(&uri)?, interval(&uri)?, last_id(&headers)?);
    state.pool.query().await?;
    let stopped = state.feeds.stopped();
    let playback = Playback { symbols, interval, _open: state.feeds.open_stream() };
    let blocks = stream::iter(blocks(after, events)).then(move |block| {
        let (event, pause) = playback.event(&block);
        async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Ok::<_, Infallible>(event)
        }
    });
    Ok(Sse::new(blocks.take_until(Box::pin(stopped))).into_response())
}

/// A whole stream of this number of events that continues after an id.
fn blocks(after: u64, events: u64) -> impl Iterator<Item = Block> {
    let quotes = (1..=events).flat_map(move |number| {
        let comment = (number % COMMENT_EVERY == 0 && number < events).then_some(Block::Comment);
        iter::once(Block::Quote { id: after + number, at_once: number == 1 }).chain(comment)
    });
    iter::once(Block::Retry).chain(quotes).chain(iter::once(Block::Done))
}

impl Playback {
    /// A block as it is written, and the time to wait before it.
    fn event(&self, block: &Block) -> (Event, Duration) {
        match *block {
            Block::Retry => (Event::default().retry(RETRY), Duration::ZERO),
            Block::Comment => (Event::default().comment("keep-alive"), Duration::ZERO),
            Block::Done => (Event::default().data("[DONE]"), Duration::ZERO),
            Block::Quote { id, at_once } => {
                // The symbols take turns, so an id says which quote of which symbol it is.
                let (count, turn) = (self.symbols.len() as u64, id - 1);
                let quote = feed::quote_json(self.symbols[(turn % count) as usize], turn / count + 1);
                let event = Event::default().id(id.to_string()).event("quote").data(quote.to_string());
                (event, if at_once { Duration::ZERO } else { self.interval })
            }
        }
    }
}

fn events(uri: &Uri) -> Result<u64, ApiError> {
    let Some(text) = parameter(uri, "events").last() else { return Ok(EVENTS) };
    text.parse()
        .ok()
        .filter(|events| (1..=MAX_EVENTS).contains(events))
        .ok_or_else(|| ApiError::bad("events", format!("events must be a whole number from 1 to {MAX_EVENTS}")))
}

fn interval(uri: &Uri) -> Result<Duration, ApiError> {
    let Some(text) = parameter(uri, "interval").last() else { return Ok(INTERVAL) };
    let interval = parse_duration(&text).map_err(|error| ApiError::bad("interval", error.message))?;
    if !(MIN_INTERVAL..=MAX_INTERVAL).contains(&interval) {
        let (least, most) = (written_duration(MIN_INTERVAL), written_duration(MAX_INTERVAL));
        return Err(ApiError::bad("interval", format!("interval must be from {least} to {most}")));
    }
    Ok(interval)
}

/// The id of the last event a client has seen (§9.2.4), 0 when it has seen none.
fn last_id(headers: &HeaderMap) -> Result<u64, ApiError> {
    let name = "Last-Event-ID";
    match headers.get(name).map(|value| value.to_str().map(str::trim)) {
        None | Some(Ok("")) => Ok(0),
        Some(text) => text
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|id| *id <= MAX_ID)
            .ok_or_else(|| ApiError::bad(name, "Last-Event-ID must be the id of an event, a whole number")),
    }
}

/// Whether the client takes a stream of events: it says so, or does not say what it takes (RFC 9110 §12.5.1).
fn takes_events(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    said.peek().is_none()
        || said.flat_map(|list| list.split(',')).any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let refused = parts.filter_map(|part| part.strip_prefix("q=")).any(|q| q.parse() == Ok(0.0));
            !refused && ["text/event-stream", "text/*", "*/*"].iter().any(|taken| taken.eq_ignore_ascii_case(kind))
        })
}
