//! Prices over a WebSocket (RFC 6455): commands and their replies, and quotes that come without being asked for.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

use super::api::ApiError;
use super::feed;
use super::market;
use super::pool::Exhausted;
use super::state::State;

/// Between two quotes of a symbol.
const INTERVAL: Duration = Duration::from_millis(100);
/// The largest message a client may send, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// How long a message may wait for a client that does not read.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the client may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);
/// What the accept key is made with (RFC 6455 §1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What a client may send.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Command {
    Subscribe(String),
    Unsubscribe(String),
    Ping(Value),
}

/// Why a connection ends.
enum End {
    /// The client has gone, or has not read for too long.
    Gone,
    /// The client has sent a close frame; the reply with its code is in progress.
    ByClient,
    /// We close it, and the client can still be read.
    ByUs(CloseCode, &'static str),
    /// We close it after something that cannot be read, and nothing after it can be.
    Unreadable(CloseCode, &'static str),
}

/// A symbol whose quotes are sent.
struct Subscription {
    symbol: &'static str,
    /// The number of the last quote.
    sequence: u64,
    due: Instant,
}

/// A symbol that is looked up in the database, to be subscribed to.
struct LookUp<'a> {
    symbol: &'static str,
    query: Pin<Box<dyn Future<Output = Result<(), Exhausted>> + Send + 'a>>,
}

/// What is wrong with an opening handshake.
enum Refused {
    /// Another protocol or version is spoken, and this is the remedy.
    Upgrade(&'static str),
    Key,
}

impl IntoResponse for Refused {
    /// Status 426 (RFC 9110 §15.5.22) with the version that is spoken here (RFC 6455 §4.4), or 400.
    fn into_response(self) -> Response {
        match self {
            Self::Upgrade(remedy) => {
                let headers = [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];
                (headers, ApiError::new(StatusCode::UPGRADE_REQUIRED, remedy)).into_response()
            }
            Self::Key => {
                let remedy = "Sec-WebSocket-Key must be 16 random bytes in base64";
                ApiError::bad("Sec-WebSocket-Key", remedy).into_response()
            }
        }
    }
}

pub(super) async fn upgrade(Shared(state): Shared<Arc<State>>, mut request: Request) -> Result<Response, ApiError> {
    let accept = match handshake(&request) {
        Ok(key) => accept_key(key),
        Err(refused) => return Ok(refused.into_response()),
    };
    let symbols = feed::symbols(request.uri())?;
    let Some(upgrading) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Ok(Refused::Upgrade("a WebSocket needs HTTP/1.1").into_response());
    };
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrading.await {
            SocketSession::new(upgraded, &state).await.serve(symbols).await;
        }
    });
    let headers = [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, &*accept)];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

/// The key of a client's opening handshake (RFC 6455 §4.2.1).
fn handshake(request: &Request) -> Result<&str, Refused> {
    let headers = request.headers();
    let upgrades = names(headers, &CONNECTION, "upgrade") && names(headers, &UPGRADE, "websocket");
    if request.method() != Method::GET || !upgrades {
        return Err(Refused::Upgrade("this is a WebSocket: send `Connection: Upgrade` and `Upgrade: websocket`"));
    }
    if !names(headers, &SEC_WEBSOCKET_VERSION, "13") {
        return Err(Refused::Upgrade("send `Sec-WebSocket-Version: 13`"));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
    key.filter(|key| STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16)).ok_or(Refused::Key)
}

/// Whether a header that is a list holds this word.
fn names(headers: &HeaderMap, header: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

fn accept_key(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// One connection.
struct SocketSession<'a> {
    socket: Socket,
    state: &'a State,
    subscriptions: Vec<Subscription>,
    look_up: Option<LookUp<'a>>,
}

impl<'a> SocketSession<'a> {
    async fn new(upgraded: Upgraded, state: &'a State) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        Self { socket, state, subscriptions: Vec::new(), look_up: None }
    }

    async fn serve(mut self, symbols: Vec<&'static str>) {
        let _open = self.state.feeds.open_socket();
        let end = match self.run(symbols).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        self.close(end).await;
    }

    /// Subscribes to the symbols, then follows the client's commands until the connection ends.
    async fn run(&mut self, symbols: Vec<&'static str>) -> Result<std::convert::Infallible, End> {
        for symbol in symbols {
            let answer = self.state.pool.query().await;
            self.subscribe(symbol, answer).await?;
        }
        let state = self.state;
        let mut stopped = std::pin::pin!(state.feeds.stopped());
        loop {
            let due = self.subscriptions.iter().map(|subscription| subscription.due).min();
            tokio::select! {
                // Before the reply to the next command comes the first quote.
                biased;
                () = &mut stopped => return Err(End::ByUs(CloseCode::Away, "the server stops")),
                () = until_due(due) => self.send_due().await?,
                (symbol, answer) = looked_up(&mut self.look_up) => {
                    self.look_up = None;
                    self.subscribe(symbol, answer).await?;
                }
                message = self.socket.next(), if self.look_up.is_none() => self.take(message).await?,
            }
        }
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => self.obey(command(&text)?).await,
            Some(Ok(Message::Binary(_))) => Err(End::ByUs(CloseCode::Unsupported, "send text, not binary data")),
            // The pong is sent with the next read.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(_))) => Err(End::ByClient),
            Some(Err(Error::Capacity(_))) => {
                Err(End::Unreadable(CloseCode::Size, "a message may have at most 65536 bytes"))
            }
            Some(Err(Error::Utf8(_))) => Err(End::Unreadable(CloseCode::Invalid, "text must be UTF-8")),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => Err(End::Gone),
            Some(Err(Error::Protocol(_))) => Err(End::Unreadable(CloseCode::Protocol, "the frame breaks RFC 6455")),
            Some(Err(_)) => Err(End::Gone),
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Ping(value) => self.send(&json!({ "type": "pong", "ping": value })).await,
            Command::Subscribe(name) => match market::feed_quote(&name, 0) {
                Some(quote) => {
                    let query = Box::pin(self.state.pool.query());
                    self.look_up = Some(LookUp { symbol: quote.symbol, query });
                    Ok(())
                }
                None => self.send(&error(&name, "unknown symbol")).await,
            },
            Command::Unsubscribe(name) => {
                let place = self.subscriptions.iter().position(|subscription| subscription.symbol == name);
                match place.map(|place| self.subscriptions.remove(place)) {
                    Some(Subscription { symbol, sequence, .. }) => {
                        self.send(&json!({ "type": "unsubscribed", "symbol": symbol, "sequence": sequence })).await
                    }
                    None if market::feed_quote(&name, 0).is_some() => self.send(&error(&name, "not subscribed")).await,
                    None => self.send(&error(&name, "unknown symbol")).await,
                }
            }
        }
    }

    /// Replies for a symbol that has been looked up. One that is subscribed to already goes on where it is, so a
    /// connection has at most as many subscriptions as the market has symbols.
    async fn subscribe(&mut self, symbol: &'static str, answer: Result<(), Exhausted>) -> Result<(), End> {
        if answer.is_err() {
            return self.send(&error(symbol, "connection pool exhausted")).await;
        }
        let known = self.subscriptions.iter().find(|subscription| subscription.symbol == symbol);
        let sequence = known.map(|subscription| subscription.sequence);
        let price = market::feed_quote(symbol, sequence.unwrap_or(0)).map(|quote| quote.price);
        self.send(&json!({ "type": "subscribed", "symbol": symbol, "price": price })).await?;
        if sequence.is_none() {
            self.subscriptions.push(Subscription { symbol, sequence: 0, due: Instant::now() });
        }
        Ok(())
    }

    async fn send_due(&mut self) -> Result<(), End> {
        for place in 0..self.subscriptions.len() {
            let now = Instant::now();
            let subscription = &mut self.subscriptions[place];
            if subscription.due <= now {
                subscription.sequence += 1;
                // A client that reads slowly gets every quote, later.
                subscription.due = now + INTERVAL;
                let quote = feed::quote_json(subscription.symbol, subscription.sequence);
                self.send(&quote).await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> Result<(), End> {
        match timeout(PATIENCE, self.socket.send(Message::text(message.to_string()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// The closing handshake (RFC 6455 §7.1.2), for a limited time.
    async fn close(mut self, end: End) {
        let (frame, readable) = match end {
            End::Gone => return,
            End::ByClient => (None, true),
            End::ByUs(code, reason) => (Some((code, reason)), true),
            End::Unreadable(code, reason) => (Some((code, reason)), false),
        };
        let closing = async {
            if let Some((code, reason)) = frame {
                let frame = CloseFrame { code, reason: reason.into() };
                if self.socket.send(Message::Close(Some(frame))).await.is_err() {
                    return;
                }
            }
            if readable {
                while self.socket.next().await.is_some_and(|message| message.is_ok()) {}
            } else {
                // What is left is read as bytes: with data unread, the connection would be reset, and the close
                // frame be lost.
                let stream = self.socket.get_mut();
                let mut rest = [0; 4096];
                if stream.shutdown().await.is_ok() {
                    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
                }
            }
        };
        let _ = timeout(CLOSING, closing).await;
    }
}

/// Reads a command. What is not JSON is not what a text must be here (1007); other JSON is data of a type that
/// is not taken (1003; RFC 6455 §7.4.1).
fn command(text: &str) -> Result<Command, End> {
    let json: Value =
        serde_json::from_str(text).map_err(|_| End::ByUs(CloseCode::Invalid, "the message is not valid JSON"))?;
    serde_json::from_value(json).map_err(|_| {
        End::ByUs(CloseCode::Unsupported, r#"send {"subscribe": "AAPL"}, {"unsubscribe": "AAPL"} or {"ping": 1}"#)
    })
}

fn error(symbol: &str, message: &str) -> Value {
    json!({ "type": "error", "symbol": symbol, "message": message })
}

async fn until_due(due: Option<Instant>) {
    match due {
        // Timers round up to a millisecond, in which a command would come first.
        Some(due) if due <= Instant::now() => {}
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

async fn looked_up(look_up: &mut Option<LookUp<'_>>) -> (&'static str, Result<(), Exhausted>) {
    match look_up {
        Some(look_up) => (look_up.symbol, look_up.query.as_mut().await),
        None => pending().await,
    }
}
