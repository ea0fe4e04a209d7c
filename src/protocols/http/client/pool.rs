//! A user's connections.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;
use tokio::sync::Notify;

use super::conn::{Connection, Http2};
use super::connect::{self, Transport};
use super::h1::{Http1, Upgraded};
use super::progress::Progress;
use super::settings::Connections;
use super::target::Origin;
use crate::failure::Failure;

/// How many idle HTTP/1 connections a user keeps; beyond, the oldest is closed.
const MAX_IDLE: usize = 256;

#[derive(Default)]
pub(super) struct Pool {
    idle: RefCell<Vec<Idle>>,
    shared: RefCell<Vec<Rc<SharedOrigin>>>,
    tls: RefCell<Vec<(Arc<Transport>, Arc<ClientConfig>)>>,
}

struct Idle {
    home: Home,
    connection: Box<Http1>,
    /// When its last response ended.
    since: Option<Instant>,
}

/// What a connection was opened for. It travels with the connection, so that reusing one touches
/// no counter that threads share.
struct Home {
    transport: Arc<Transport>,
    origin: Arc<Origin>,
}

/// What is known of an origin that may speak HTTP/2.
struct SharedOrigin {
    transport: Arc<Transport>,
    origin: Arc<Origin>,
    state: RefCell<OriginState>,
    opened: Notify,
}

enum OriginState {
    Unknown,
    /// One request is finding out; the others wait for it.
    Opening,
    Http1,
    Http2(Http2),
}

/// A connection in use. Dropping it closes an HTTP/1 connection; only [`Lease::give_back`] keeps it.
pub(super) struct Lease<'a> {
    connection: Option<Connection>,
    /// Where an HTTP/1 connection goes back to.
    home: Option<Home>,
    /// Whether it has carried a request before.
    pub(super) reused: bool,
    /// When its last response ended, if that is known.
    pub(super) idle_since: Option<Instant>,
    pool: &'a Pool,
    progress: &'a Progress,
}

impl Pool {
    /// Closes what lives only as long as an iteration.
    pub(super) fn start_iteration(&self) {
        let stays = |transport: &Arc<Transport>| transport.settings().connections != Connections::Iteration;
        self.idle.borrow_mut().retain(|idle| stays(&idle.home.transport));
        self.shared.borrow_mut().retain(|shared| stays(&shared.transport));
        self.tls.borrow_mut().retain(|(transport, _)| stays(transport));
    }

    /// A connection to the origin: an idle or shared one, or a new one. With `fresh`, a new one.
    pub(super) async fn checkout<'a>(
        &'a self,
        transport: &'a Arc<Transport>,
        origin: &'a Arc<Origin>,
        fresh: bool,
        progress: &'a Progress,
    ) -> Result<Lease<'a>, Failure> {
        let leased = |connection, home, reused, idle_since| {
            let connection = Some(connection);
            Lease { connection, home, reused, idle_since, pool: self, progress }
        };
        let lease = |connection, home, reused| leased(connection, home, reused, None);
        if transport.settings().connections == Connections::Request {
            return Ok(lease(self.open(transport, origin, progress).await?, None, false));
        }
        let home = || Some(Home { transport: Arc::clone(transport), origin: Arc::clone(origin) });
        if !fresh {
            while let Some(Idle { home, mut connection, since }) = self.take_idle(transport, origin) {
                if connection.is_usable().await {
                    return Ok(leased(Connection::Http1(connection), Some(home), true, since));
                }
                progress.reconnects.set(progress.reconnects.get() + 1);
            }
        }
        if !transport.may_be_http2(origin) {
            return Ok(lease(self.open(transport, origin, progress).await?, home(), false));
        }
        let shared = self.shared(transport, origin);
        let mut fresh = fresh;
        loop {
            let waiting = {
                let mut state = shared.state.borrow_mut();
                match &*state {
                    OriginState::Http2(connection) if connection.is_usable() && !fresh => {
                        return Ok(lease(Connection::Http2(connection.clone()), None, true));
                    }
                    OriginState::Http1 => break,
                    OriginState::Opening => shared.opened.notified(),
                    OriginState::Http2(_) | OriginState::Unknown => {
                        *state = OriginState::Opening;
                        break;
                    }
                }
            };
            waiting.await;
            fresh = false;
        }
        if matches!(&*shared.state.borrow(), OriginState::Http1) {
            return Ok(lease(self.open(transport, origin, progress).await?, home(), false));
        }
        let opening = Opening { shared: &shared };
        let connection = self.open(transport, origin, progress).await?;
        opening.found(&connection);
        Ok(lease(connection, home(), false))
    }

    async fn open(
        &self,
        transport: &Arc<Transport>,
        origin: &Arc<Origin>,
        progress: &Progress,
    ) -> Result<Connection, Failure> {
        progress.stage.set(super::failure::Stage::Connecting);
        let config = || self.tls_config(transport);
        // On the heap: connecting is rare, and every user would carry room for it otherwise.
        Box::pin(async {
            let established = connect::establish(transport, config, origin, progress).await?;
            Connection::open(established).await
        })
        .await
    }

    /// The user's own TLS configuration: sessions are resumed within a user, never across users.
    fn tls_config(&self, transport: &Arc<Transport>) -> Arc<ClientConfig> {
        let mut known = self.tls.borrow_mut();
        if let Some((_, config)) = known.iter().find(|(of, _)| Arc::ptr_eq(of, transport)) {
            return Arc::clone(config);
        }
        let config = transport.user_tls();
        known.push((Arc::clone(transport), Arc::clone(&config)));
        config
    }

    /// The idle connection used last: the likeliest to be alive.
    fn take_idle(&self, transport: &Arc<Transport>, origin: &Arc<Origin>) -> Option<Idle> {
        let mut idle = self.idle.borrow_mut();
        let at = idle.iter().rposition(|idle| same(&idle.home.transport, &idle.home.origin, transport, origin))?;
        Some(idle.remove(at))
    }

    fn shared(&self, transport: &Arc<Transport>, origin: &Arc<Origin>) -> Rc<SharedOrigin> {
        let mut all = self.shared.borrow_mut();
        if let Some(known) = all.iter().find(|shared| same(&shared.transport, &shared.origin, transport, origin)) {
            return Rc::clone(known);
        }
        if all.len() >= MAX_IDLE {
            all.remove(0);
        }
        let new = Rc::new(SharedOrigin {
            transport: Arc::clone(transport),
            origin: Arc::clone(origin),
            state: RefCell::new(OriginState::Unknown),
            opened: Notify::new(),
        });
        all.push(Rc::clone(&new));
        new
    }
}

fn same(transport: &Arc<Transport>, origin: &Arc<Origin>, other: &Arc<Transport>, other_origin: &Arc<Origin>) -> bool {
    Arc::ptr_eq(transport, other) && (Arc::ptr_eq(origin, other_origin) || origin == other_origin)
}

/// Lets the others go on, whatever becomes of the request that opens a connection.
struct Opening<'a> {
    shared: &'a SharedOrigin,
}

impl Opening<'_> {
    fn found(self, connection: &Connection) {
        *self.shared.state.borrow_mut() = match connection {
            Connection::Http1(_) => OriginState::Http1,
            Connection::Http2(connection) => OriginState::Http2(connection.clone()),
        };
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state.borrow_mut();
        if matches!(*state, OriginState::Opening) {
            *state = OriginState::Unknown;
        }
        self.shared.opened.notify_waiters();
    }
}

impl Lease<'_> {
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Takes an HTTP/1 connection out for another protocol.
    pub(super) fn take(mut self) -> Option<Upgraded> {
        self.settle();
        match self.connection.take() {
            Some(Connection::Http1(connection)) => Some(connection.upgraded()),
            Some(Connection::Http2(_)) | None => None,
        }
    }

    /// Keeps the connection for the next request.
    pub(super) fn give_back(mut self) {
        self.settle();
        if let (Some(Connection::Http1(connection)), Some(home)) = (self.connection.take(), self.home.take()) {
            let mut idle = self.pool.idle.borrow_mut();
            if idle.len() >= MAX_IDLE {
                idle.remove(0);
            }
            idle.push(Idle { home, connection, since: self.progress.ended.get() });
        }
    }

    fn settle(&self) {
        if let Some(connection) = &self.connection {
            connection.traffic().settle(self.progress);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.settle();
    }
}
