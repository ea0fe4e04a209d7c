//! A WebSocket server whose every byte a test decides (RFC 6455 §5.2), one thread for a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::{Compress, Compression, FlushCompress};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha1::{Digest as _, Sha1};

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
/// The first byte's bits.
pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const RSV2: u8 = 0x20;

/// How long a server waits for a client before the test has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A frame that is whole and unmasked.
pub(crate) fn frame(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut bytes = head(FIN | opcode, payload.len() as u64);
    bytes.extend_from_slice(payload);
    bytes
}

/// A frame with these bits in its first byte.
pub(crate) fn part(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = frame(0, payload);
    bytes[0] = first;
    bytes
}

/// The beginning of a frame that announces so many bytes.
pub(crate) fn head(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(length as u8),
        126..65536 => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes
}

/// A close frame's payload (RFC 6455 §5.5.1).
pub(crate) fn goodbye(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_bytes()].concat()
}

/// A payload compressed without its last four bytes (RFC 7692 §7.2.1).
pub(crate) fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut bytes = Vec::with_capacity(payload.len() + 1024);
    compress.compress_vec(payload, &mut bytes, FlushCompress::Sync).unwrap();
    assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]), "the compressor was not flushed");
    bytes.truncate(bytes.len() - 4);
    bytes
}

/// A frame of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) masked: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) at: Duration,
}

impl Frame {
    pub(crate) fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// The code of a close frame.
    pub(crate) fn code(&self) -> Option<u16> {
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }
}

pub(crate) trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// The client's end of a connection, as the server has it.
pub(crate) struct Peer {
    /// The connection's number, from 0.
    pub(crate) number: usize,
    /// The head of the request.
    pub(crate) head: String,
    begin: Instant,
    wire: Box<dyn Wire>,
    log: Log,
}

/// What a server tells of its clients, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|one| *one == line).count()
    }

    /// Waits until a line is there.
    #[track_caller]
    pub(crate) fn wait_for(&self, line: &str) {
        let begin = Instant::now();
        while self.count(line) == 0 {
            assert!(begin.elapsed() < PATIENCE, "no `{line}` in {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Peer {
    /// The value of a header of the request.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn log(&self, line: impl Into<String>) {
        self.log.add(line);
    }

    /// Agrees to the upgrade.
    pub(crate) fn accept(&mut self) {
        self.accept_with("");
    }

    /// Agrees with more headers, each with `\r\n` at its end.
    pub(crate) fn accept_with(&mut self, headers: &str) {
        let key = self.header("Sec-WebSocket-Key").unwrap().to_owned();
        let accept = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
        let accept = BASE64_STANDARD.encode(accept);
        self.bytes(format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{headers}\r\n"
        ));
    }

    /// Answers with something else.
    pub(crate) fn respond(&mut self, status: &str, headers: &str, body: &str) {
        self.bytes(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()));
    }

    /// Sends bytes; a client that has gone is no fault of the test.
    pub(crate) fn bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.wire.write_all(bytes.as_ref()).and_then(|()| self.wire.flush());
    }

    pub(crate) fn text(&mut self, text: impl AsRef<str>) {
        self.bytes(frame(TEXT, text.as_ref()));
    }

    pub(crate) fn close(&mut self, code: u16, reason: &str) {
        self.bytes(frame(CLOSE, goodbye(code, reason)));
    }

    /// The next frame; nothing when the connection has ended.
    pub(crate) fn read(&mut self) -> Option<Frame> {
        let mut start = [0; 2];
        self.wire.read_exact(&mut start).ok()?;
        let length = match start[1] & 0x7f {
            126 => {
                let mut length = [0; 2];
                self.wire.read_exact(&mut length).ok()?;
                u64::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.wire.read_exact(&mut length).ok()?;
                u64::from_be_bytes(length)
            }
            length => length.into(),
        };
        let masked = start[1] & 0x80 != 0;
        let mut mask = [0; 4];
        if masked {
            self.wire.read_exact(&mut mask).ok()?;
        }
        let mut payload = vec![0; usize::try_from(length).ok()?];
        self.wire.read_exact(&mut payload).ok()?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some(Frame { first: start[0], masked, payload, at: self.begin.elapsed() })
    }

    /// The next frame with data; nothing when the client closes.
    pub(crate) fn message(&mut self) -> Option<Frame> {
        loop {
            let frame = self.read()?;
            match frame.opcode() {
                CLOSE => {
                    self.log(format!("close {}", frame.code().unwrap_or(1005)));
                    self.bytes(self::frame(CLOSE, &frame.payload));
                    return None;
                }
                PING | PONG => {}
                _ => return Some(frame),
            }
        }
    }

    /// Answers with `reply` whatever the client sends, until it closes.
    pub(crate) fn serve(&mut self, reply: impl Fn(&mut Self, &str)) {
        while let Some(message) = self.message() {
            reply(self, &message.text());
        }
    }

    /// Reads frames until the connection ends; those that came.
    pub(crate) fn rest(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.read()).collect()
    }
}

/// A server on a free port.
pub(crate) struct Feed {
    pub(crate) port: u16,
    pub(crate) log: Log,
}

impl Feed {
    /// Hands every connection to `handler`, its request read.
    pub(crate) fn start(handler: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::with(None, handler)
    }

    /// The same behind TLS.
    pub(crate) fn secure(config: Arc<ServerConfig>, handler: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::with(Some(config), handler)
    }

    fn with(config: Option<Arc<ServerConfig>>, handler: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Log::default();
        let (told, handler, begin) = (log.clone(), Arc::new(handler), Instant::now());
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let wire: Box<dyn Wire> = match &config {
                    None => Box::new(stream),
                    Some(config) => {
                        let connection = ServerConnection::new(config.clone()).unwrap();
                        Box::new(StreamOwned::<_, TcpStream>::new(connection, stream))
                    }
                };
                let (handler, log) = (handler.clone(), told.clone());
                std::thread::spawn(move || {
                    let mut peer = Peer { number, head: String::new(), begin, wire, log };
                    let mut byte = [0];
                    while !peer.head.ends_with("\r\n\r\n") {
                        match peer.wire.read(&mut byte) {
                            Ok(1..) => peer.head.push(char::from(byte[0])),
                            Ok(0) | Err(_) => return,
                        }
                    }
                    handler(&mut peer);
                });
            }
        });
        Self { port, log }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }
}
