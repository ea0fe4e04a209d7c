//! The endpoint Prometheus scrapes: `GET /metrics` over HTTP/1, one response for each connection.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::Shown;
use super::openmetrics::{CONTENT_TYPE, text};
use super::snapshot::Snapshot;
use crate::listen::{Places, is_own};

/// Where it listens unless told otherwise: the port Prometheus' exporters of OpenTelemetry use.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:9464";
/// The only path there is.
pub(super) const PATH: &str = "/metrics";
/// What a response without metrics is.
const PLAIN: &str = "text/plain; charset=utf-8";
/// This many scrapes at a time; a further one takes the place of the one that is idle longest.
const CONNECTIONS: usize = 16;
/// A connection is closed after this long, whatever its state: as long as Prometheus waits.
const LIFETIME: Duration = Duration::from_secs(10);
/// The pause after a connection could not be taken, for example for lack of open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers scrapes for good. Must be called inside a [`tokio::task::LocalSet`].
pub(super) async fn serve(listener: TcpListener, shown: Shown) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let Ok(address) = listener.local_addr() else { return };
    let page = Rc::new(Page { address, shown, made: RefCell::default() });
    let places = Places::new(CONNECTIONS);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let stream = places.take(stream);
        let page = page.clone();
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(page.answer(&request))));
            // A connection kept alive would hold its place between two scrapes.
            let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
            // A scraper that goes away or dawdles is its own loss.
            let _ = tokio::time::timeout(LIFETIME, connection).await;
        });
    }
}

/// What is answered. A text is made once for all who ask for the same snapshot.
struct Page {
    address: SocketAddr,
    shown: Shown,
    made: RefCell<Option<(Option<Arc<Snapshot>>, Bytes)>>,
}

impl Page {
    /// On a loopback address only to its own names: a web page can make a browser on this machine
    /// ask by others. Elsewhere scrapers use whatever name the machine has.
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let foreign = self.address.ip().is_loopback() && !is_own(self.address, host);
        let (status, content_type, body) = match (request.uri().path(), request.method()) {
            _ if foreign => {
                (StatusCode::FORBIDDEN, PLAIN, Bytes::from_static(b"this server does not accept that host name\n"))
            }
            (PATH, &Method::GET) => (StatusCode::OK, CONTENT_TYPE, self.text()),
            (PATH, _) => (StatusCode::METHOD_NOT_ALLOWED, PLAIN, Bytes::from_static(b"only GET is supported\n")),
            _ => (StatusCode::NOT_FOUND, PLAIN, Bytes::from_static(b"the metrics are at /metrics\n")),
        };
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = status;
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        answer
    }

    fn text(&self) -> Bytes {
        let snapshot = self.shown.borrow().clone();
        let mut made = self.made.borrow_mut();
        match &*made {
            Some((of, text)) if of.as_ref().map(Arc::as_ptr) == snapshot.as_ref().map(Arc::as_ptr) => text.clone(),
            _ => {
                let text = Bytes::from(text(snapshot.clone()));
                *made = Some((snapshot, text.clone()));
                text
            }
        }
    }
}
