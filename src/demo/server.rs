//! Starting and stopping the sample API.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};

use super::feed::Feeds;
use super::state::State;
use super::{Options, api, event_source, pages, socket};
use crate::problem::Problem;

/// Connections the system may queue up for us; a stress test opens thousands at once.
const BACKLOG: u32 = 4096;
/// How long open requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// What the API offers, one line each, for people.
pub const ENDPOINTS: &[(&str, &str)] = &[
    ("GET    /health", "is it up?"),
    (
        "POST   /api/auth/login",
        "{username, password} gives {token, user}; users trader1 to trader1000, ann, bob, carol, dave; password test123",
    ),
    ("POST   /api/auth/logout", "ends the session (Authorization: Bearer TOKEN)"),
    ("GET    /api/market-data", "all prices"),
    ("GET    /api/quotes/{symbol}", "one price: symbol, price, bid, ask"),
    (
        "GET    /api/prices/stream",
        "server-sent events: ?symbols=AAPL,MSFT&events=20&interval=50ms, then `data: [DONE]`",
    ),
    (
        "GET    /ws/prices",
        "WebSocket: {\"subscribe\": \"AAPL\"}, {\"unsubscribe\": \"AAPL\"}, {\"ping\": 1}; ?symbols=AAPL,MSFT subscribes at once",
    ),
    ("GET    /api/portfolio", "what the user owns (Bearer)"),
    ("POST   /api/orders", "{symbol, quantity, type: MARKET or LIMIT, price} places an order (Bearer)"),
    ("GET    /api/orders", "the user's orders, ?status=OPEN&page=2 (Bearer)"),
    ("GET    /api/orders/{id}", "one order (Bearer)"),
    ("DELETE /api/orders/{id}", "takes an order back (Bearer)"),
    ("POST   /api/upload", "multipart/form-data; tells the sizes"),
    ("GET    /", "a page with a form, an image, a script and a stylesheet"),
    ("POST   /form-login", "the form: username, password, csrf; sets the cookie SESSIONID and goes on to /home"),
    ("GET    /account", "a page of the user whose cookie comes; without one it goes back to /"),
    ("GET    /api/admin/stats", "the database pool: size, in use, waiting; open feeds"),
    ("DELETE /api/admin/orders", "takes all orders away"),
    ("POST   /api/admin/reset", "forgets everything"),
];

/// A sample API that is up. It ends when this is dropped; [`Running::stop`] also waits for the end.
#[derive(Debug)]
pub struct Running {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl Running {
    /// Stops the server: no new connections, two seconds for open requests. Returns when it has ended.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.ended.await;
    }
}

/// Starts the sample API on a thread of its own, so that it and the load do not wait for each other.
///
/// # Errors
///
/// When its port cannot be had.
pub async fn start(options: Options) -> Result<Running, Problem> {
    let (stop, stopped) = watch::channel(false);
    let (tell_bound, bound) = oneshot::channel();
    let (tell_ended, ended) = oneshot::channel();
    let body = move || {
        run(&options, stopped, tell_bound);
        let _ = tell_ended.send(());
    };
    std::thread::Builder::new()
        .name("demo".to_owned())
        .spawn(body)
        .map_err(|error| format!("the sample API could not be started: {error}"))?;
    let address = bound.await.map_err(|_| "the sample API ended before it was up")??;
    Ok(Running { url: format!("http://{address}"), stop, ended })
}

/// The server's whole life, on its own thread.
fn run(options: &Options, stopped: watch::Receiver<bool>, tell_bound: oneshot::Sender<Result<SocketAddr, Problem>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = tell_bound.send(Err(format!("the sample API could not be started: {error}").into()));
            return;
        }
    };
    runtime.block_on(async {
        let listener = match listen(options.port) {
            Ok((listener, address)) => {
                let _ = tell_bound.send(Ok(address));
                listener
            }
            Err(error) => {
                let _ = tell_bound.send(Err(cannot_listen(options.port, &error)));
                return;
            }
        };
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let (feeds, feeds_ended) = Feeds::new(stopped.clone());
        let router = router(Arc::new(State::new(options, feeds)));
        let served = async {
            let _ = axum::serve(listener, router).with_graceful_shutdown(until(stopped.clone())).await;
            // To the HTTP server a WebSocket is a request that has been answered.
            feeds_ended.await;
        };
        let overdue = async {
            until(stopped.clone()).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = served => {}
            () = overdue => {}
        }
    });
    runtime.shutdown_timeout(Duration::ZERO);
}

/// Waits for the word to stop; a dropped sender says it too.
pub(super) async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn listen(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn cannot_listen(port: u16, error: &std::io::Error) -> Problem {
    let why = match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
        _ => error.to_string(),
    };
    let message = format!("the sample API cannot use port {port}: {why}");
    Problem::new(message, "choose another port, or port 0 for a free one")
}

fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/health", get(api::health))
        .route("/api/auth/login", post(api::log_in))
        .route("/api/auth/logout", post(api::log_out))
        .route("/api/market-data", get(api::market_data))
        .route("/api/quotes/{symbol}", get(api::quote))
        .route("/api/prices/stream", get(event_source::stream))
        .route("/ws/prices", get(socket::upgrade))
        .route("/api/portfolio", get(api::portfolio))
        .route("/api/orders", get(api::orders).post(api::place_order))
        .route("/api/orders/{id}", get(api::order).delete(api::cancel_order))
        // Uploads are counted as they come and never kept, so they need no limit.
        .route("/api/upload", post(api::upload).layer(DefaultBodyLimit::disable()))
        .route("/api/admin/reset", post(api::reset))
        .route("/api/admin/orders", axum::routing::delete(api::clear_orders))
        .route("/api/admin/stats", get(api::stats))
        .route("/", get(pages::start))
        .route("/home", get(pages::home))
        .route("/account", get(pages::account))
        .route("/form-login", post(pages::log_in))
        .route("/static/style.css", get(pages::style))
        .route("/static/app.js", get(pages::script))
        .route("/static/logo.svg", get(pages::logo))
        .fallback(api::not_found)
        .with_state(state)
}
