//! What both price feeds share: which are open, the symbols they are asked for and the quotes they tell.

use std::future::Future;
use std::sync::Arc;

use axum::http::Uri;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::api::ApiError;
use super::market::{self, Quote};

/// The feeds that are open, and the word that ends them.
pub(super) struct Feeds {
    stopped: watch::Receiver<bool>,
    // Each open feed holds one more of these.
    sockets: Arc<()>,
    streams: Arc<()>,
    /// Never sent: whoever waits for it learns that the last feed has let go of the state.
    _ended: oneshot::Sender<()>,
}

/// An open feed; it counts until this is dropped, also when its client goes away.
pub(super) struct OpenFeed {
    _counted: Arc<()>,
}

impl Feeds {
    /// No feeds yet, and a future that waits until all of them and their server have ended.
    pub(super) fn new(stopped: watch::Receiver<bool>) -> (Self, impl Future<Output = ()>) {
        let (ended, wait) = oneshot::channel();
        let feeds = Self { stopped, sockets: Arc::default(), streams: Arc::default(), _ended: ended };
        let all_ended = async {
            let _ = wait.await;
        };
        (feeds, all_ended)
    }

    /// Waits until the server is told to stop.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        super::server::until(self.stopped.clone())
    }

    pub(super) fn open_socket(&self) -> OpenFeed {
        OpenFeed { _counted: self.sockets.clone() }
    }

    pub(super) fn open_stream(&self) -> OpenFeed {
        OpenFeed { _counted: self.streams.clone() }
    }

    /// WebSockets that are open.
    pub(super) fn sockets(&self) -> usize {
        Arc::strong_count(&self.sockets) - 1
    }

    /// Streams of events that are open.
    pub(super) fn streams(&self) -> usize {
        Arc::strong_count(&self.streams) - 1
    }
}

/// The values of a query parameter, decoded, in order.
pub(super) fn parameter<'a>(uri: &'a Uri, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// The symbols in the query parameter `symbols`, divided by commas, each of them once.
pub(super) fn symbols(uri: &Uri) -> Result<Vec<&'static str>, ApiError> {
    let mut symbols = Vec::new();
    for list in parameter(uri, "symbols") {
        for name in list.split(',') {
            let Some(Quote { symbol, .. }) = market::feed_quote(name, 0) else {
                return Err(ApiError::bad("symbols", format!("there is no symbol {name}; write symbols=AAPL,MSFT")));
            };
            if symbols.contains(&symbol) {
                return Err(ApiError::bad("symbols", format!("symbols names {symbol} twice")));
            }
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

/// A quote as both feeds tell it. A symbol's first quote has the number 1.
pub(super) fn quote_json(symbol: &'static str, sequence: u64) -> Value {
    let price = market::feed_quote(symbol, sequence).map(|quote| quote.price);
    json!({ "type": "quote", "symbol": symbol, "price": price, "sequence": sequence })
}
