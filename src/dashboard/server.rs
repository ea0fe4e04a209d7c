//! The HTTP server of the live page.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::stream;
use rand::RngExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::{Semaphore, watch};

use super::{PageUpdate, Viewer};
use crate::listen::{Placed, Places, bind, is_own};
use crate::problem::Problem;

/// This many messages may wait for a slow browser; then it is let go, and connects again.
const WAITING: usize = 4;
/// This many pages may be open at once.
const MOST_VIEWERS: usize = 32;
/// This many connections may be open; a further one takes the place of the one that is idle longest.
const MOST_CONNECTIONS: usize = 2 * MOST_VIEWERS;
/// The pause after a connection could not be taken, for example for lack of open files.
const PAUSE: Duration = Duration::from_millis(100);
/// How long browsers may take to fetch the end of the run.
const GRACE: Duration = Duration::from_secs(2);

/// A live page that is being served. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where the page is, its token included.
    pub url: String,
    viewers: Option<UnboundedReceiver<Viewer>>,
    stop: watch::Sender<bool>,
    ended: std::sync::mpsc::Receiver<()>,
}

/// What requests are answered with.
struct Site {
    page: String,
    /// The names and addresses the page may be asked for by.
    address: SocketAddr,
    viewers: UnboundedSender<Viewer>,
    places: Arc<Semaphore>,
    stop_run: Box<dyn Fn() + Send + Sync>,
}

impl Server {
    /// Opens the port and serves the page on a thread of its own. `stop_run` is called when
    /// somebody presses the page's button.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub fn start(
        address: SocketAddr,
        page: String,
        stop_run: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, Problem> {
        let cannot = |error: std::io::Error| {
            Problem::new(format!("the dashboard cannot be served: {error}"), "run without --dashboard")
        };
        let (listener, address) = bind("--dashboard", address)?;
        let token: String = rand::rng().random::<[u8; 16]>().iter().map(|byte| format!("{byte:02x}")).collect();
        let (viewers, joining) = unbounded_channel();
        let places = Arc::new(Semaphore::new(MOST_VIEWERS));
        let site = Arc::new(Site { page, address, viewers, places, stop_run: Box::new(stop_run) });
        let (stop, mut stopped) = watch::channel(false);
        let (end, ended) = std::sync::mpsc::channel();
        let router = router(&site, &token);
        let serve = async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let listener = Bounded { listener, places: Places::new(MOST_CONNECTIONS) };
            let until = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let body = move || {
            runtime.block_on(serve);
            let _ = end.send(());
        };
        std::thread::Builder::new().name("dashboard".into()).spawn(body).map_err(cannot)?;
        let shown = if address.ip().is_unspecified() {
            SocketAddr::new(IpAddr::from([127, 0, 0, 1]), address.port())
        } else {
            address
        };
        Ok(Self { url: format!("http://{shown}/{token}/"), viewers: Some(joining), stop, ended })
    }

    /// Those who open the page, from now on.
    pub(super) fn viewers(&mut self) -> Option<UnboundedReceiver<Viewer>> {
        self.viewers.take()
    }

    /// Takes no more requests and waits a moment for those in progress.
    pub fn end(self) {
        let _ = self.stop.send(true);
        let _ = self.ended.recv_timeout(GRACE);
    }
}

fn router(site: &Arc<Site>, token: &str) -> Router {
    let whole = format!("/{token}/");
    // Relative links need the slash at the end.
    let to_page = whole.clone();
    Router::new()
        .route(&format!("/{token}"), get(|| async move { Redirect::permanent(&to_page) }))
        .route(&whole, get(page))
        .route(&format!("/{token}/events"), get(events))
        .route(&format!("/{token}/stop"), post(stop))
        .with_state(site.clone())
        .fallback(|| async {
            refused(
                StatusCode::FORBIDDEN,
                "the URL of the dashboard contains a token: use the URL that the run has printed",
            )
        })
        .layer(middleware::from_fn_with_state(site.clone(), guard))
}

fn refused(status: StatusCode, why: &'static str) -> Response {
    (status, format!("{why}\n")).into_response()
}

/// Lets nobody in who comes by another name (DNS rebinding) or from another site.
async fn guard(State(site): State<Arc<Site>>, request: Request<Body>, next: Next) -> Response {
    let mut response = match foreign(&site, request.headers()) {
        Some(why) => refused(StatusCode::FORBIDDEN, why),
        None => next.run(request).await,
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn foreign(site: &Site, headers: &HeaderMap) -> Option<&'static str> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| is_own(site.address, host)) {
        return Some("the dashboard does not accept that host name");
    }
    match headers.get(header::ORIGIN) {
        None => None,
        Some(origin) => {
            let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            (origin != host).then_some("the dashboard does not accept requests from other sites")
        }
    }
}

async fn page(State(site): State<Arc<Site>>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], site.page.clone()).into_response()
}

async fn events(State(site): State<Arc<Site>>) -> Response {
    let Ok(place) = site.places.clone().try_acquire_owned() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the dashboard is open in too many windows");
    };
    let (viewer, messages) = channel(WAITING);
    if site.viewers.send(viewer).is_err() {
        return refused(StatusCode::GONE, "the run has ended");
    }
    let stream = stream::unfold((messages, place), |(mut messages, place)| async move {
        let event = match messages.recv().await? {
            PageUpdate::Page(data) => Event::default().event("page").data(data),
            PageUpdate::End(data) => Event::default().event("end").data(data),
        };
        Some((Ok::<_, std::convert::Infallible>(event), (messages, place)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

async fn stop(State(site): State<Arc<Site>>) -> StatusCode {
    (site.stop_run)();
    StatusCode::ACCEPTED
}

/// Takes this many connections at a time.
struct Bounded {
    listener: tokio::net::TcpListener,
    places: Arc<Places>,
}

impl axum::serve::Listener for Bounded {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => return (self.places.take(stream), from),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
