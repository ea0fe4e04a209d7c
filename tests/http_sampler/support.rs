//! Servers of a few lines, written to the byte, in the test's own thread.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use loadplan::exchange::Exchange;
use loadplan::failure::Failure;
use loadplan::protocols::http::client::{HttpUser, ProxyEnvironment, Request, Settings, Target, Transport};
use loadplan::response::Response;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Runs a test as the engine runs a user: on one thread, inside a `LocalSet`.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(test));
}

/// Listens and hands every connection with its number (from 0) to `handler`; returns the port.
pub(crate) async fn listen<F, R>(handler: F) -> u16
where
    F: Fn(usize, TcpStream) -> R + 'static,
    R: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::task::spawn_local(handler(number, stream));
            number += 1;
        }
    });
    port
}

/// A request as the server read it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    /// For instance `GET /path HTTP/1.1`.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// A header's value, however its name is spelled.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }
}

/// Reads one request; nothing once the client has closed.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin), connection: usize) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut seen = Seen { connection, line: head.lines().next().unwrap().to_owned(), head, body: Vec::new() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    seen.body = body;
    Some(seen)
}

/// Answers every request on a stream with the bytes `answer` makes.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    log: Log,
    answer: impl Fn(&Seen) -> Vec<u8>,
) {
    while let Some(seen) = read_request(&mut stream, connection).await {
        let bytes = answer(&seen);
        log.0.borrow_mut().push(seen);
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// What a server has read so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(pub(crate) Rc<RefCell<Vec<Seen>>>);

impl Log {
    pub(crate) fn get(&self, index: usize) -> Seen {
        self.0.borrow()[index].clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// The number of the connection each request came over.
    pub(crate) fn connections(&self) -> Vec<usize> {
        self.0.borrow().iter().map(|seen| seen.connection).collect()
    }
}

/// A keep-alive HTTP/1 server.
pub(crate) async fn http(answer: impl Fn(&Seen) -> Vec<u8> + 'static) -> (u16, Log) {
    let log = Log::default();
    let answer = Rc::new(answer);
    let seen = log.clone();
    let port = listen(move |number, stream| {
        let (answer, log) = (Rc::clone(&answer), seen.clone());
        async move { serve(stream, number, log, move |request| answer(request)).await }
    })
    .await;
    (port, log)
}

/// A server that answers the requests of a connection with these bytes and then closes it.
pub(crate) async fn raw(answer: &'static [u8]) -> u16 {
    listen(move |number, mut stream| async move {
        if read_request(&mut stream, number).await.is_some() {
            stream.write_all(answer).await.unwrap();
        }
    })
    .await
}

/// A whole answer with a body of known length. `headers` end with `\r\n` each.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn transport(settings: Settings) -> Arc<Transport> {
    Transport::new(settings, &ProxyEnvironment::default()).unwrap()
}

pub(crate) fn get(url: &str) -> Request {
    request("GET", url)
}

pub(crate) fn request(method: &str, url: &str) -> Request {
    Request::new(method.parse().unwrap(), Arc::new(Target::parse(url).unwrap()))
}

/// One request of a new user with default settings.
pub(crate) async fn fetch(request: Request) -> Exchange {
    HttpUser::new().send(request, &transport(Settings::default())).await
}

pub(crate) fn ok(exchange: &Exchange) -> &Response {
    exchange.outcome.as_ref().unwrap_or_else(|failure| panic!("{failure:?}"))
}

pub(crate) fn failure(exchange: &Exchange) -> &Failure {
    exchange.outcome.as_ref().expect_err("a failure")
}
