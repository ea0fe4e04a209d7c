//! Why a request failed, in words a tester understands.
//!
//! No message holds a value that changes from request to request (a local port, a time): equal
//! causes have to count together.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

use crate::failure::{Exhausted, Failure, FailureKind};

/// The system's number for that (`EMFILE`), the same on Linux and macOS.
const TOO_MANY_OPEN_FILES: i32 = 24;

/// The failure of looking up a host name; `whom` names a proxy if it is not the server itself.
pub(super) fn dns(whom: &str, host: &str, error: &io::Error) -> Failure {
    let text = error.to_string();
    let message = if text.contains("emporary failure") || text.contains("try again") {
        format!("{whom}host `{host}` could not be looked up (the name server did not respond)")
    } else {
        format!("{whom}host `{host}` not found")
    };
    Failure::new(FailureKind::Dns, message)
}

/// The failure of a TCP connection; `whom` names a proxy if it is not the server itself, `place`
/// the host and the addresses that were tried.
pub(super) fn tcp(whom: &str, place: &str, error: &io::Error) -> Failure {
    let at = if place.is_empty() { String::new() } else { format!(": {place}") };
    let exhausted = match error.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => Some(Exhausted::Ports),
        _ if error.raw_os_error() == Some(TOO_MANY_OPEN_FILES) => Some(Exhausted::OpenFiles),
        _ => None,
    };
    let message = match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("{REFUSED}{at}"),
        io::ErrorKind::TimedOut => format!("the host does not respond (the system stopped trying to connect){at}"),
        io::ErrorKind::HostUnreachable => format!("no route to the host{at}"),
        io::ErrorKind::NetworkUnreachable => format!("the network is unreachable{at}"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            format!("the connection was reset while connecting{at}")
        }
        io::ErrorKind::AddrInUse => {
            "no free local port left; keep connections (`connections: user`) or use more source addresses".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "no free local port left, or `source_address` is not an address of this \
             machine; keep connections (`connections: user`) or use more source addresses"
            .to_owned(),
        _ if exhausted == Some(Exhausted::OpenFiles) => {
            "too many open files on this machine; raise the limit with `ulimit -n`".to_owned()
        }
        _ => format!("{}{at}", system_words(error)),
    };
    Failure { exhausted, ..Failure::new(FailureKind::Connect, format!("{whom}{message}")) }
}

/// What the message of a refused connection says; a proxy is named before it, the address after it.
const REFUSED: &str = "connection refused";

/// Whether the message of a failure is that of a refused connection.
pub(crate) fn is_refused(message: &str) -> bool {
    let own = message.strip_prefix("proxy `").and_then(|rest| rest.split_once("`: ")).map_or(message, |(_, rest)| rest);
    own.starts_with(REFUSED)
}

/// What the system says of an error, without its number.
fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(cut) => text[..cut].to_lowercase(),
        None => text,
    }
}

/// The failure of a TLS handshake.
pub(super) fn tls(error: &io::Error, server_name: &str) -> Failure {
    if let Some(error) = rustls_error(error) {
        return tls_cause(error, server_name);
    }
    let message = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection during the TLS handshake".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            "the server reset the connection during the TLS handshake".to_owned()
        }
        _ => format!("the TLS handshake failed: {}", system_words(error)),
    };
    Failure::new(FailureKind::Tls, message)
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

const TRUST_REMEDY: &str =
    "add its CA with `tls: { ca_file: … }` or disable verification with `tls: { verify: false }`";

fn tls_cause(error: &rustls::Error, server_name: &str) -> Failure {
    use rustls::Error;
    let message = match error {
        Error::InvalidCertificate(cause) => certificate_cause(cause, server_name),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } | Error::PeerSentOversizedRecord => {
            "the server does not use TLS on this port".to_owned()
        }
        Error::PeerIncompatible(_) => {
            "the server and loadplan have no TLS version and cipher in common (`tls: { min_version: … }`)".to_owned()
        }
        Error::NoApplicationProtocol => "the server does not offer the requested HTTP version (`version`)".to_owned(),
        Error::AlertReceived(alert) => alert_cause(*alert),
        other => format!("the TLS handshake failed: {other}"),
    };
    Failure::new(FailureKind::Tls, message)
}

fn alert_cause(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server requires a client certificate; set one with `tls: { cert_file: …, key_file: … }`".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::UnsupportedCertificate => {
            "the server does not accept the client certificate (`tls: { cert_file: … }`)".to_owned()
        }
        AlertDescription::CertificateExpired => "the client certificate has expired".to_owned(),
        AlertDescription::CertificateRevoked => "the client certificate was revoked".to_owned(),
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => {
            "the server and loadplan have no TLS version and cipher in common, or the server asks for a client \
             certificate"
                .to_owned()
        }
        AlertDescription::NoApplicationProtocol => {
            "the server does not offer the requested HTTP version (`version`)".to_owned()
        }
        AlertDescription::UnrecognisedName => {
            "the server does not recognize the host name; use `tls: { server_name: … }` to send another one".to_owned()
        }
        other => format!("the server ended the TLS handshake with the alert {other:?}"),
    }
}

fn certificate_cause(cause: &CertificateError, server_name: &str) -> String {
    match cause {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet".to_owned()
        }
        CertificateError::Revoked => "the server's certificate was revoked".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "the server's certificate is not for `{server_name}`; use `tls: {{ server_name: … }}` to check another name"
        ),
        CertificateError::UnknownIssuer => {
            format!("the server's certificate is self-signed or its issuer is unknown; {TRUST_REMEDY}")
        }
        // A self-signed certificate that is marked as a CA is refused with an error of this kind.
        CertificateError::Other(inner) if format!("{inner:?}").contains("CaUsedAsEndEntity") => {
            format!("the server's certificate is self-signed; {TRUST_REMEDY}")
        }
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "a signature with the server's certificate, or in it, is wrong or too weak: RSA keys under 2048 bits and \
             SHA-1 are not taken"
                .to_owned()
        }
        CertificateError::BadEncoding => "the server's certificate cannot be read".to_owned(),
        other => format!("the server's certificate is not valid: {other}"),
    }
}

/// How far a request had come when it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No connection yet.
    #[default]
    Connecting,
    /// Connected, and in the TLS handshake.
    Handshake,
    /// Sending, or waiting for the response's head.
    Waiting,
    /// Reading the response's head.
    Head,
    /// Reading the body.
    Body,
    /// Decompressing what has come of the body.
    Decompressing,
    /// Fetching the page's resources.
    Resources,
}

impl Stage {
    const ALL: [Self; 7] = [
        Self::Connecting,
        Self::Handshake,
        Self::Waiting,
        Self::Head,
        Self::Body,
        Self::Decompressing,
        Self::Resources,
    ];

    /// What was not done in time: what the message of such a failure begins with.
    fn undone(self) -> &'static str {
        match self {
            Self::Connecting => "no connection",
            Self::Handshake => "connected, but the TLS handshake was not complete",
            Self::Waiting => "no response",
            Self::Head => "the head of the response was not complete",
            Self::Body => "body not complete",
            Self::Decompressing => "body not decompressed",
            Self::Resources => "the page's resources not complete",
        }
    }

    /// How far the request had come that failed with this message for lack of time.
    pub(crate) fn of_timeout(message: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| message.starts_with(stage.undone()))
    }
}

/// The failure of a request that ran into `timeout`. `came` is how many bytes of a body had come.
pub(super) fn timeout(stage: Stage, limit: Duration, came: u64) -> Failure {
    let came = match stage {
        Stage::Body if came == 0 => "; no part of it had arrived".to_owned(),
        Stage::Body => format!("; {} had arrived", roughly(came)),
        Stage::Connecting
        | Stage::Handshake
        | Stage::Waiting
        | Stage::Head
        | Stage::Decompressing
        | Stage::Resources => String::new(),
    };
    Failure::new(FailureKind::Timeout, format!("{} within {} (timeout){came}", stage.undone(), spell(limit)))
}

/// The failure of a connection that ran into `connect_timeout` at this stage.
pub(super) fn connect_timeout(stage: Stage, limit: Duration, proxy: Option<&str>) -> Failure {
    let stage = if stage == Stage::Handshake { stage } else { Stage::Connecting };
    let through = proxy.map_or_else(String::new, |proxy| format!(" through the proxy `{proxy}`"));
    let message = format!("{}{through} within {} (connect_timeout)", stage.undone(), spell(limit));
    Failure::new(FailureKind::Timeout, message)
}

/// A size in few different words, so that equal causes count together: `12 bytes`, `over 512 KiB`.
fn roughly(bytes: u64) -> String {
    let power = bytes.max(1).ilog2();
    match power {
        0..=6 if bytes == 1 => "1 byte".to_owned(),
        0..=6 => format!("{bytes} bytes"),
        7..=9 => format!("over {} bytes", 1_u64 << power),
        10..=19 => format!("over {} KiB", 1_u64 << (power - 10)),
        20..=29 => format!("over {} MiB", 1_u64 << (power - 20)),
        _ => format!("over {} GiB", 1_u64 << (power - 30)),
    }
}

/// A duration as the plan writes it: `500ms`, `10s`, `2m`.
fn spell(time: Duration) -> String {
    let millis = time.as_millis();
    match millis {
        0 => format!("{}us", time.as_micros()),
        _ if millis.is_multiple_of(60_000) => format!("{}m", millis / 60_000),
        _ if millis.is_multiple_of(1000) => format!("{}s", millis / 1000),
        _ => format!("{millis}ms"),
    }
}

/// A failed exchange on an established connection.
pub(super) struct ExchangeError {
    /// The failure as it is reported if nothing helps.
    pub(super) failure: Failure,
    /// Whether the server certainly did not act on the request.
    pub(super) untouched: bool,
    /// Whether the connection ended before one byte of a response came.
    pub(super) silent: bool,
    /// How long the response was waited for.
    pub(super) waited: Duration,
}

impl From<Failure> for ExchangeError {
    /// A failure after the server had begun to answer.
    fn from(failure: Failure) -> Self {
        Self { failure, untouched: false, silent: false, waited: Duration::ZERO }
    }
}

/// Why an HTTP/1 connection cannot go on.
#[derive(Debug)]
pub(super) enum Broken {
    /// It broke, or a chunked body is not one.
    Io(io::Error),
    /// It ended in an orderly way, too early.
    Closed,
    /// Its TLS ended without `close_notify`, where the body ends with the connection.
    Cut,
    /// The head of the response is not valid, for this reason.
    Head(Box<str>),
    /// The head of the response is too large.
    TooLarge,
    /// What came is not HTTP/1; it begins with this line.
    NotHttp1(Box<str>),
}

impl Broken {
    fn cause(&self) -> Cause {
        match self {
            Self::Io(error) => io_cause(error),
            Self::Closed | Self::Cut => Cause::Closed,
            Self::Head(words) => Cause::Invalid { version: "HTTP", reason: words.to_string() },
            Self::TooLarge => Cause::Protocol(TOO_LARGE.to_owned()),
            Self::NotHttp1(line) => Cause::Protocol(format!("the response is not HTTP/1: it begins with {line}")),
        }
    }

    /// Names the failure that came before the response's head was complete.
    /// `answered` tells whether any byte of a response had come.
    pub(super) fn before_head(&self, answered: bool) -> ExchangeError {
        before_head(self.cause(), answered)
    }

    /// Names the failure that came in the body.
    pub(super) fn in_body(&self, received: u64, announced: Option<u64>) -> Failure {
        if matches!(self, Self::Cut) {
            return Failure::new(
                FailureKind::Body,
                "the server ended TLS without `close_notify`, so the body may be cut; with `Content-Length` or \
                 chunked the server would say where it ends",
            );
        }
        in_body(self.cause(), received, announced)
    }
}

/// Names the failure that HTTP/2 met before the response's head was complete.
pub(super) fn http2_before_head(error: &hyper::Error) -> ExchangeError {
    before_head(cause_of(error), false)
}

/// Names the failure that HTTP/2 met while the body came. `length` tells how long a body was that
/// ended before its announced length, if that is known.
pub(super) fn http2_in_body(
    error: &hyper::Error,
    received: u64,
    announced: Option<u64>,
    length: impl FnOnce(u64) -> Option<u64>,
) -> Failure {
    let malformed = h2_error(error)
        .is_some_and(|h2| h2.is_reset() && h2.is_library() && h2.reason() == Some(h2::Reason::PROTOCOL_ERROR));
    match announced {
        // All that can be wrong with a stream in its body is the length (RFC 9113 §8.1.1).
        Some(announced) if malformed => match length(announced) {
            Some(length) => cut_body(length, Some(announced)),
            None => Failure::new(
                FailureKind::Body,
                format!("the body does not have the {announced} bytes that Content-Length announces"),
            ),
        },
        _ => in_body(cause_of(error), received, announced),
    }
}

fn before_head(cause: Cause, answered: bool) -> ExchangeError {
    let silent = !answered && matches!(cause, Cause::Closed | Cause::Reset(_));
    let untouched = matches!(cause, Cause::Refused(_));
    let failure = match cause {
        Cause::Closed if answered => {
            Failure::new(FailureKind::Reset, "the server closed the connection in the middle of the response's head")
        }
        Cause::Closed => Failure::new(FailureKind::Reset, "the server closed the connection without a response"),
        other @ (Cause::Reset(_)
        | Cause::Refused(_)
        | Cause::Ended(_)
        | Cause::Tls(_)
        | Cause::Invalid { .. }
        | Cause::Protocol(_)) => other.into_failure(),
    };
    ExchangeError { failure, untouched, silent, waited: Duration::ZERO }
}

fn in_body(cause: Cause, received: u64, announced: Option<u64>) -> Failure {
    match cause {
        Cause::Invalid { version, reason } => {
            Failure::new(FailureKind::Body, format!("the body is not valid {version} ({reason})"))
        }
        Cause::Protocol(words) => Failure::new(FailureKind::Body, words),
        Cause::Tls(failure) => failure,
        Cause::Closed | Cause::Reset(_) | Cause::Refused(_) | Cause::Ended(_) => cut_body(received, announced),
    }
}

/// What every message of [`kept_connection_closed`] begins with.
const KEPT: &str = "the server closed the kept connection, idle for ";

/// How long a server may take to close a connection that it took for idle: the way there and back. One
/// that closes later had the request and gave up on it.
const RACE: Duration = Duration::from_secs(1);

/// The failure of a request on a connection that was idle for so long and that the server closed
/// without a response `waited` later; nothing if idleness was not the reason.
pub(super) fn kept_connection_closed(idle: Option<Duration>, waited: Duration) -> Option<Failure> {
    let idle = idle.filter(|_| waited < RACE)?;
    Some(Failure::new(FailureKind::Reset, kept_connection_message(idle)))
}

/// The message of [`kept_connection_closed`].
pub(crate) fn kept_connection_message(idle: Duration) -> String {
    let cause = if idle < Duration::from_millis(50) {
        "it may limit the requests per connection; use `connections: request` to open a new one for each request"
    } else {
        "its keep-alive time seems to be that short: raise it, or write `connections: iteration` or `connections: \
         request` to open new ones"
    };
    format!("{KEPT}{}, without a response; {cause}", about(idle))
}

/// How long a kept connection was idle, from the message that tells so: `5 s`.
pub(crate) fn kept_connection_idle(message: &str) -> Option<&str> {
    message.strip_prefix(KEPT)?.split(',').next()
}

/// A duration in few different words, so that equal causes count together.
fn about(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    match tenths {
        0 => "under 0.1 s".to_owned(),
        1..=9 => format!("about 0.{tenths} s"),
        10..200 => format!("about {} s", (tenths + 5) / 10),
        _ => format!("about {} s", (tenths + 25) / 50 * 5),
    }
}

/// The failure of a body that ended too early.
pub(super) fn cut_body(received: u64, announced: Option<u64>) -> Failure {
    let message = match announced {
        Some(announced) => format!("the body ended after {received} of {announced} bytes"),
        None if received == 0 => "the body ended before any part of it arrived".to_owned(),
        None => format!("the body ended before it was complete, after {}", roughly(received)),
    };
    Failure::new(FailureKind::Body, message)
}

enum Cause {
    /// The connection ended in an orderly way, too early.
    Closed,
    /// It was reset or broke.
    Reset(String),
    /// An HTTP/2 server declined before acting on the request, with this frame or error.
    Refused(String),
    /// An HTTP/2 server ended this exchange, not the connection.
    Ended(String),
    Tls(Failure),
    /// What came is not what this version of HTTP says, for this reason.
    Invalid {
        version: &'static str,
        reason: String,
    },
    /// It cannot be taken, which this sentence says.
    Protocol(String),
}

/// Of both versions of HTTP.
pub(crate) const TOO_LARGE: &str = "the head of the response is too large (over 256 KiB or 1000 headers)";

impl Cause {
    fn into_failure(self) -> Failure {
        match self {
            Self::Closed => Failure::new(FailureKind::Reset, "the server closed the connection without a response"),
            Self::Reset(words) | Self::Ended(words) => Failure::new(FailureKind::Reset, words),
            Self::Refused(how) => {
                Failure::new(FailureKind::Reset, format!("the server refused the request (HTTP/2 {how})"))
            }
            Self::Tls(failure) => failure,
            Self::Invalid { version, reason } => {
                let remedy = if version == "HTTP/2" { "; use `version: 1.1` for HTTP/1.1" } else { "" };
                let words = format!("the response is not valid {version} ({reason}){remedy}");
                Failure::new(FailureKind::Protocol, words)
            }
            Self::Protocol(words) => Failure::new(FailureKind::Protocol, words),
        }
    }
}

/// The first error of a kind among the causes of an error.
fn cause_among<E: std::error::Error + 'static>(error: &hyper::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        source = inner.source();
    }
    None
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    cause_among(error)
}

fn cause_of(error: &hyper::Error) -> Cause {
    if let Some(h2) = h2_error(error) {
        return h2_cause(h2);
    }
    if let Some(io) = cause_among(error) {
        return http2_io_cause(io);
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Cause::Closed;
    }
    let text = error.to_string();
    if text.contains("connection error") || text.contains("body") {
        return Cause::Closed;
    }
    Cause::Protocol(format!("the exchange failed: {text}"))
}

fn io_cause(error: &io::Error) -> Cause {
    if let Some(tls) = rustls_error(error) {
        return Cause::Tls(tls_cause(tls, ""));
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero | io::ErrorKind::NotConnected => Cause::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            Cause::Reset("the server reset the connection".to_owned())
        }
        io::ErrorKind::TimedOut => Cause::Reset("the connection failed (the system stopped trying to send)".to_owned()),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Cause::Invalid { version: "HTTP", reason: error.to_string() }
        }
        _ => Cause::Reset(format!("the connection failed: {}", system_words(error))),
    }
}

fn http2_io_cause(error: &io::Error) -> Cause {
    // What [`super::frames`] refuses.
    if error.kind() == io::ErrorKind::InvalidData && rustls_error(error).is_none() {
        return Cause::Invalid { version: "HTTP/2", reason: error.to_string() };
    }
    io_cause(error)
}

fn h2_cause(error: &h2::Error) -> Cause {
    if let Some(io) = error.get_io() {
        return http2_io_cause(io);
    }
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => Cause::Refused("REFUSED_STREAM".to_owned()),
        // Only streams above its last_stream_id learn of a GOAWAY so: nothing acted on them, whatever
        // the reason (RFC 9113 §6.8, §8.7).
        Some(reason) if error.is_go_away() && error.is_remote() => Cause::Refused(match reason {
            h2::Reason::NO_ERROR => "GOAWAY".to_owned(),
            reason => format!("GOAWAY with {reason:?}: {}", reason.description()),
        }),
        Some(h2::Reason::NO_ERROR | h2::Reason::CANCEL) => {
            Cause::Ended("the server aborted the response (HTTP/2 RST_STREAM)".to_owned())
        }
        Some(reason) if error.is_remote() => {
            Cause::Ended(format!("the server ended the exchange: {} (HTTP/2 {reason:?})", reason.description()))
        }
        // The h2 crate's own word for more than it takes: what of, it tells in the text only.
        Some(h2::Reason::ENHANCE_YOUR_CALM) if error.to_string().contains("too_many_data_frames") => {
            Cause::Protocol("the server sends too many HTTP/2 frames that contain nothing or almost nothing".to_owned())
        }
        Some(h2::Reason::ENHANCE_YOUR_CALM) => Cause::Protocol(TOO_LARGE.to_owned()),
        Some(reason) => Cause::Invalid { version: "HTTP/2", reason: reason.description().to_owned() },
        None => Cause::Invalid { version: "HTTP/2", reason: error.to_string() },
    }
}
