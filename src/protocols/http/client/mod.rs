//! The HTTP sampler: one request of one user, measured.
//!
//! A user ([`HttpUser`]) owns its connections, cookies, cache and digest nonces, as a browser
//! does; nothing of them is shared between users, TLS session tickets included. What all users
//! share is made once before the run: [`Transport`] (TLS configuration, proxies, overrides) and
//! [`Target`] (a parsed URL).
//!
//! The clock starts when [`HttpUser::send`] is called and stops at the last byte of the body.
//! Dropping the future closes the connection it was using: a response that was half read can
//! never be taken for the next one.
//!
//! HTTP/1 connections are driven by the task that sends the request. HTTP/2 connections are
//! driven by a task of their own, so `send` has to run inside a `tokio::task::LocalSet`.
//!
//! Counted bytes are those of HTTP itself, heads and framing included, above TLS and without a
//! proxy's `CONNECT`: the same request counts the same over `http` and `https`. Requests that
//! share an HTTP/2 connection at the same moment share its bytes in the order in which they end;
//! the sum is exact.

mod answer;
mod auth;
pub mod body;
mod cache;
mod challenge;
mod chunked;
mod conn;
mod connect;
mod cookies;
pub(crate) mod decode;
mod expiry;
mod failure;
mod frames;
mod gzip;
mod h1;
mod head;
mod head_cache;
mod identity;
mod layers;
mod lenient;
mod open;
mod pool;
mod progress;
mod proxy;
mod redirect;
mod request;
mod resources;
mod settings;
mod spelling;
mod tap;
mod target;
mod tls;
mod user;

pub use auth::Auth;
pub use connect::Stream;
pub use connect::{Transport, Unusable};
#[cfg(test)]
pub(crate) use failure::kept_connection_message;
pub(crate) use failure::{Stage, TOO_LARGE};
pub(crate) use failure::{is_refused, kept_connection_idle};
pub use h1::Upgraded;
pub use open::open_connections;
pub(crate) use progress::Traffic;
pub use proxy::ProxyEnvironment;
pub(crate) use redirect::is_too_many as is_too_many_redirects;
pub use request::{Request, Resources};
pub use settings::{
    CacheScope, Connections, Decompression, HttpVersion, KeptFor, ProxySetting, RedirectHeaders, Settings, TlsSettings,
    TlsVersion,
};
pub use spelling::{FixedHeaders, spellings};
pub(crate) use tap::Sink;
pub use target::Target;
pub use user::HttpUser;
