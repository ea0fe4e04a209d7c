//! One user's HTTP: sends requests, follows redirects, remembers what a browser remembers.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::Sleep;
use url::Url;

use super::auth::Nonces;
use super::cache::{self, Caches, Lookup};
use super::conn::{self, Answer, Connection, Peer, Reading};
use super::connect::Transport;
use super::cookies::Jars;
use super::failure::{self, Stage};
use super::h1::Upgraded;
use super::head::{self, Hop, Wire};
use super::head_cache;
use super::pool::Pool;
use super::progress::Progress;
use super::request::{Request, Resources};
use super::settings::CacheScope;
use super::tap::{Sink, Tap};
use super::target::Target;
use super::{redirect, resources};
use crate::exchange::{Entry, Exchange, Timings};
use crate::failure::{Failure, FailureKind};
use crate::response::body_turn::Turn;
use crate::response::{Body, Headers, Response};

/// How often a request goes out again that servers say they did not act on.
const MAX_RESENT: u32 = 3;

/// One user's HTTP state: connections, cookies, cache, digest nonces. Several requests may be
/// in progress at once (`parallel`).
#[derive(Default)]
pub struct HttpUser {
    pool: Pool,
    jars: Jars,
    caches: Caches,
    nonces: Nonces,
    /// Timers at rest. Moving one to a later time is cheaper than making one per request.
    timers: RefCell<Vec<Pin<Box<Sleep>>>>,
}

impl std::fmt::Debug for HttpUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpUser").finish_non_exhaustive()
    }
}

impl HttpUser {
    /// A user that has not sent anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells that an iteration starts: forgets what the settings limit to one iteration.
    pub fn start_iteration(&self) {
        self.pool.start_iteration();
        self.jars.start_iteration();
        self.caches.start_iteration();
    }

    /// The values of all cookies in the user's jars.
    pub fn cookie_values(&self) -> Vec<String> {
        self.jars.values()
    }

    /// The value of the cookie that would be sent to this URL.
    pub fn cookie(&self, url: &Url, name: &str) -> Option<String> {
        self.jars.value(url, name)
    }

    /// Sends a request and reads its answer to the last byte, redirects and resources included.
    ///
    /// Has to run on a tokio runtime inside a `LocalSet`. Dropping the future interrupts the
    /// request and closes its connection.
    pub async fn send(&self, request: Request, transport: &Arc<Transport>) -> Exchange {
        self.send_from(Instant::now(), &request, transport).await
    }

    /// The same, with the clock started a moment ago.
    pub(crate) async fn send_from(&self, start: Instant, request: &Request, transport: &Arc<Transport>) -> Exchange {
        let progress = &Progress::new(request.capture, start);
        let limit = transport.settings().timeout;
        let outcome = {
            let fetch = pin!(self.fetch_page(request, transport, progress));
            self.within(start, limit, None, fetch).await
        };
        exchange(request, start, limit, outcome, progress)
    }

    /// Asks for another protocol: what came of it, and the connection if the server agreed to it
    /// with a status 101 (RFC 9110 §15.2.2).
    pub(crate) async fn upgrade(
        &self,
        start: Instant,
        request: &Request,
        transport: &Arc<Transport>,
    ) -> (Exchange, Option<Upgraded>) {
        let upgraded = Rc::default();
        let progress = Progress { upgraded: Some(Rc::clone(&upgraded)), ..Progress::new(request.capture, start) };
        (self.send_single(start, request, transport, &progress).await, upgraded.take())
    }

    /// Sends a request whose body a sink takes while it comes.
    pub(crate) async fn stream(
        &self,
        start: Instant,
        request: &Request,
        transport: &Arc<Transport>,
        sink: Rc<RefCell<dyn Sink>>,
    ) -> Exchange {
        let progress = Progress { tap: Some(Rc::new(Tap::new(sink))), ..Progress::new(request.capture, start) };
        self.send_single(start, request, transport, &progress).await
    }

    /// Sends a request without the resources of a page. Apart from [`Self::send_from`] so that the
    /// compiler makes one piece of code of that one and its caller: most requests go there.
    async fn send_single(
        &self,
        start: Instant,
        request: &Request,
        transport: &Arc<Transport>,
        progress: &Progress,
    ) -> Exchange {
        let limit = transport.settings().timeout;
        let outcome = {
            let follow = pin!(self.follow(request, Hop::first(request), transport, progress, request.keep_body));
            self.within(start, limit, progress.tap.as_deref(), follow).await
        };
        exchange(request, start, limit, outcome, progress)
    }

    /// Runs a future for at most `limit` from `start`; nothing if it was not done by then. A `tap` may have a time
    /// of its own, at which it ends and the future comes to its end.
    /// The future comes pinned: moved in, it would take its room twice in every user.
    async fn within<T>(
        &self,
        start: Instant,
        limit: Duration,
        tap: Option<&Tap>,
        mut future: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let deadline = tokio::time::Instant::from_std(start + limit.min(FAR));
        let resting = self.timers.borrow_mut().pop();
        let mut timer = match resting {
            Some(mut timer) => {
                timer.as_mut().reset(deadline);
                timer
            }
            None => Box::pin(tokio::time::sleep_until(deadline)),
        };
        let result = poll_fn(|cx| {
            loop {
                if let Poll::Ready(value) = future.as_mut().poll(cx) {
                    return Poll::Ready(Some(value));
                }
                let until = tap.and_then(Tap::until);
                if let Some(until) = until {
                    let deadline = tokio::time::Instant::from_std(until);
                    if timer.deadline() != deadline {
                        timer.as_mut().reset(deadline);
                    }
                }
                // A socket that never runs dry uses up the task's budget, and without one a timer never fires.
                ready!(pin!(tokio::task::coop::unconstrained(timer.as_mut())).poll(cx));
                if !until.and(tap).is_some_and(Tap::end) {
                    return Poll::Ready(None);
                }
            }
        })
        .await;
        self.timers.borrow_mut().push(timer);
        result
    }

    async fn fetch_page(
        &self,
        request: &Request,
        transport: &Arc<Transport>,
        progress: &Progress,
    ) -> Result<(Answer, Arc<Target>), Failure> {
        let start = Hop::first(request);
        let fetched = self.follow(request, start, transport, progress, request.keep_body).await;
        match (request.resources, fetched) {
            (Some(wanted), Ok((answer, target))) => {
                // On the heap: every user would carry room for it otherwise.
                Box::pin(self.complete_page(request, wanted, answer, target, transport, progress)).await
            }
            // As it is, for most requests: taking it apart and putting it together again shows.
            (_, fetched) => fetched,
        }
    }

    /// Fetches the resources of a response that is a page.
    async fn complete_page(
        &self,
        request: &Request,
        wanted: Resources,
        mut answer: Answer,
        target: Arc<Target>,
        transport: &Arc<Transport>,
        progress: &Progress,
    ) -> Result<(Answer, Arc<Target>), Failure> {
        if resources::is_html(&answer.headers)
            && let Some(url) = target.url()
        {
            let turn = Turn::wait(answer.body.len()).await;
            let mut page = Response::from_url(Arc::clone(target.shared_text()));
            page.headers = answer.headers.clone();
            page.body = answer.body.clone();
            let urls = resources::collect(page.text(), url, wanted.max)?;
            drop((page, turn));
            progress.stage.set(Stage::Resources);
            self.fetch_resources(request, urls, wanted.parallel, &target, transport, progress).await?;
            progress.ended.set(None);
            if !request.keep_body {
                answer.body = Body::default();
            }
        }
        Ok((answer, target))
    }

    async fn fetch_resources(
        &self,
        request: &Request,
        urls: Vec<Url>,
        parallel: usize,
        page: &Target,
        transport: &Arc<Transport>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        resources::each(urls, parallel, |url| async move {
            let path = url.path().to_owned();
            let failed = |kind, cause: &str| Failure::new(kind, format!("the page's resource `{path}`: {cause}"));
            let target =
                Target::parse(url.as_str()).map_err(|problem| failed(FailureKind::Protocol, &problem.to_string()))?;
            let hop = Hop::resource(request, Arc::new(target), page);
            // Absorbs what it has counted even if the page is interrupted.
            let own = Subordinate { own: Progress::new(request.capture, Instant::now()), page: progress };
            let (answer, _) = self
                .follow(request, hop, transport, &own.own, false)
                .await
                .map_err(|failure| failed(failure.kind, &failure.message))?;
            if answer.status.as_u16() >= 400 {
                return Err(failed(FailureKind::Status, &format!("status {}", answer.status.as_u16())));
            }
            Ok(())
        })
        .await
    }

    /// Sends a request, answers a digest's challenge and follows redirects; returns the response and
    /// where it came from.
    async fn follow(
        &self,
        request: &Request,
        mut hop: Hop,
        transport: &Arc<Transport>,
        progress: &Progress,
        keep_body: bool,
    ) -> Result<(Answer, Arc<Target>), Failure> {
        let settings = transport.settings();
        let mut redirects = 0;
        let mut challenged = false;
        loop {
            let answer = self.through_cache(request, &hop, transport, progress, keep_body).await?;
            if answer.status == StatusCode::UNAUTHORIZED
                && !std::mem::take(&mut challenged)
                && let Some(auth) = request.auth.as_ref().filter(|_| hop.credentials)
                && auth.challenged(&self.nonces, &hop.target, &answer.headers)?
            {
                challenged = true;
                continue;
            }
            if !settings.follow_redirects || !redirect::is_redirect(answer.status, &answer.headers) {
                return Ok((answer, hop.target));
            }
            if redirects == settings.max_redirects {
                return Err(redirect::too_many(redirects, &answer.headers, &hop.target));
            }
            redirects += 1;
            challenged = false;
            progress.redirects.set(redirects);
            let next = redirect::next(answer.status, &answer.headers, &hop.method, &hop.target)?;
            hop.redirect(next);
        }
    }

    async fn through_cache(
        &self,
        request: &Request,
        hop: &Hop,
        transport: &Arc<Transport>,
        progress: &Progress,
        keep_body: bool,
    ) -> Result<Answer, Failure> {
        let scope = transport.settings().cache;
        let is_cached = scope != CacheScope::Off && progress.tap.is_none();
        let mut conditions = Vec::new();
        // By which headers the cache would know the response. Boxed: every user has room for it.
        let mut known_by = None;
        progress.cached.set(false);
        if is_cached && hop.method == Method::GET {
            let headers = self.headers(request, hop, &[], transport)?;
            if cache::is_eligible(&headers) {
                match self.caches.look_up(scope, hop.target.as_str(), &headers) {
                    Lookup::Fresh(answer) => {
                        progress.cached.set(true);
                        progress.ended.set(None);
                        return Ok(answer);
                    }
                    Lookup::Stale(found) => conditions = found,
                    Lookup::Miss => {}
                }
                known_by = Some(Box::new(headers));
            }
        }
        let keep_body = keep_body || known_by.is_some();
        let answer = self.transmit(request, hop, &conditions, transport, progress, keep_body).await?;
        if !is_cached {
            return Ok(answer);
        }
        let url = hop.target.as_str();
        if let Some(headers) = known_by {
            if answer.status == StatusCode::NOT_MODIFIED
                && !conditions.is_empty()
                && let Some(renewed) = self.caches.revalidated(scope, url, &answer.headers)
            {
                return Ok(renewed);
            }
            self.caches.keep(scope, url, &headers, &answer);
        } else if !hop.method.is_safe() && answer.status.as_u16() < 400 {
            self.caches.invalidate(scope, url);
        }
        Ok(answer)
    }

    fn headers(
        &self,
        request: &Request,
        hop: &Hop,
        conditions: &[(HeaderName, HeaderValue)],
        transport: &Transport,
    ) -> Result<HeaderMap, Failure> {
        let (auth, cookies) = self.credentials(request, hop, transport)?;
        let mut headers = head::headers(request, hop, auth, cookies, transport.settings());
        for (name, value) in conditions {
            headers.insert(name.clone(), value.clone());
        }
        Ok(headers)
    }

    /// What `Authorization` and `Cookie` are to say this time.
    fn credentials(
        &self,
        request: &Request,
        hop: &Hop,
        transport: &Transport,
    ) -> Result<(Option<HeaderValue>, Option<String>), Failure> {
        let auth = match request.auth.as_ref().filter(|_| hop.credentials) {
            Some(auth) => auth.header(&self.nonces, &hop.method, &hop.target, hop.body(request))?,
            None => None,
        };
        Ok((auth, self.jars.header(transport.settings().cookies, &hop.target)))
    }

    /// The request as HTTP/1 sends it.
    fn wire(&self, request: &Request, hop: &Hop, transport: &Arc<Transport>) -> Result<Wire, Failure> {
        let (auth, cookies) = self.credentials(request, hop, transport)?;
        if let Some(wire) = head_cache::wire(request, hop, auth.as_ref(), cookies.as_deref(), transport) {
            return Ok(wire);
        }
        let headers = head::headers(request, hop, auth, cookies, transport.settings());
        Ok(head::http1(request, hop, headers, transport))
    }

    /// Sends one request on one connection, and again on a new one if the server had closed the old
    /// one meanwhile or tells that it did not act on the request.
    async fn transmit(
        &self,
        request: &Request,
        hop: &Hop,
        conditions: &[(HeaderName, HeaderValue)],
        transport: &Arc<Transport>,
        progress: &Progress,
        keep_body: bool,
    ) -> Result<Answer, Failure> {
        let settings = transport.settings();
        let mut resent = 0;
        loop {
            let mut lease = self.pool.checkout(transport, hop.target.origin(), resent > 0, progress).await?;
            let reused = lease.reused;
            let result = {
                let Some(connection) = lease.connection() else {
                    return Err(Failure::new(FailureKind::Connect, "the connection was given away"));
                };
                let whole_headers = |peer: &Peer| {
                    let headers = self.headers(request, hop, conditions, transport)?;
                    if let Some(hops) = &progress.hops {
                        let entry = head::capture(hop, headers.clone(), hop.body(request), peer, transport);
                        hops.borrow_mut().push(entry);
                    }
                    Ok::<_, Failure>(headers)
                };
                let reading = |status: StatusCode, headers: &Headers| {
                    let passed_over = settings.follow_redirects && redirect::is_redirect(status, headers);
                    let page = request.resources.is_some() && resources::is_html(headers);
                    // An error's body says what went wrong, and that belongs into the report.
                    let error = status.is_client_error() || status.is_server_error();
                    let keep = keep_body || page || error || progress.tap.is_some();
                    let tap = progress.tap.as_ref().filter(|tap| !passed_over && tap.opens(status, headers));
                    Reading {
                        keep: (keep || request.measure_body) && !passed_over,
                        max_body: if keep { settings.max_body } else { 0 },
                        decompression: settings.decompression,
                        tap: tap.cloned(),
                    }
                };
                let result = match connection {
                    Connection::Http1(connection) => {
                        let wire = if progress.hops.is_some() || !conditions.is_empty() {
                            head::http1(request, hop, whole_headers(connection.peer())?, transport)
                        } else {
                            self.wire(request, hop, transport)?
                        };
                        let no_body = hop.method == Method::HEAD;
                        conn::over_http1(connection, &wire, no_body, !reused, reading, progress).await
                    }
                    Connection::Http2(connection) => {
                        let wire = head::http2(request, hop, whole_headers(connection.peer())?);
                        // On the heap: it needs twice the room, which every user would carry otherwise.
                        let exchange = Box::pin(conn::over_http2(connection, wire, reading, progress));
                        exchange.await.map(|answer| (answer, true))
                    }
                };
                if let (Some(hops), Ok((answer, _))) = (&progress.hops, &result)
                    && let Some(hop) = hops.borrow_mut().last_mut()
                {
                    hop.answered(answer);
                }
                result
            };
            match result {
                Ok((answer, reusable)) => {
                    if let Some(upgraded) = &progress.upgraded
                        && answer.status == StatusCode::SWITCHING_PROTOCOLS
                    {
                        upgraded.replace(lease.take());
                    } else if reusable {
                        lease.give_back();
                    }
                    if answer.sets_cookies {
                        self.jars.take(settings.cookies, &hop.target, &answer.headers, &progress.cookies);
                    }
                    return Ok(answer);
                }
                // Nobody acted on it: it goes out again whatever its method, but not for ever.
                Err(error) if error.untouched && resent < MAX_RESENT => {
                    progress.reconnects.set(progress.reconnects.get() + u32::from(reused));
                    resent += 1;
                }
                // The server may not have seen it, and it does no harm to ask twice.
                Err(error) if error.silent && reused && resent == 0 && hop.method.is_safe() => {
                    progress.reconnects.set(progress.reconnects.get() + 1);
                    resent += 1;
                }
                Err(error) if error.silent && reused => {
                    let idle = lease.idle_since.map(|since| since.elapsed().saturating_sub(error.waited));
                    return Err(failure::kept_connection_closed(idle, error.waited).unwrap_or(error.failure));
                }
                Err(error) => return Err(error.failure),
            }
        }
    }
}

/// What came of a request: an outcome, or none within `limit`.
#[inline(always)]
fn exchange(
    request: &Request,
    start: Instant,
    limit: Duration,
    outcome: Option<Result<(Answer, Arc<Target>), Failure>>,
    progress: &Progress,
) -> Exchange {
    let total = match (&outcome, progress.ended.get()) {
        (Some(Ok(_)), Some(ended)) => ended.saturating_duration_since(start),
        _ => start.elapsed(),
    };
    let timings = progress.timings(total);
    let outcome = match outcome {
        Some(Ok((answer, target))) => Ok(Rc::new(response(answer, &target, &timings, progress))),
        Some(Err(failure)) => Err(failure),
        None => Err(failure::timeout(progress.stage.get(), limit, progress.came())),
    };
    let partial = if outcome.is_err() { partial(request, &timings, progress) } else { None };
    Exchange {
        timings,
        sent_bytes: progress.sent.get(),
        received_bytes: progress.received.get(),
        reconnects: progress.reconnects.get(),
        cached: progress.cached.get() && progress.sent.get() == 0,
        gaps: None,
        transcript: progress
            .hops
            .as_ref()
            .map(|hops| hops.take().into_iter().map(|hop| Entry::Http(Box::new(hop))).collect())
            .unwrap_or_default(),
        outcome,
        partial,
    }
}

/// A response as the engine gets it.
#[inline(always)]
fn response(answer: Answer, target: &Target, timings: &Timings, progress: &Progress) -> Response {
    let mut response = Response::from_url(Arc::clone(target.shared_text()));
    response.status = Some(answer.status.as_u16());
    response.version = answer.version;
    response.headers = answer.headers;
    response.body = answer.body;
    response.body_bytes = answer.body_bytes;
    response.redirects = progress.redirects.get();
    response.response_time = timings.total;
    response.first_byte = timings.first_byte.unwrap_or_default();
    response.cookies = progress.cookies.take();
    response.cookies.reverse();
    response
}

/// What came of a response that was not whole.
#[cold]
fn partial(request: &Request, timings: &Timings, progress: &Progress) -> Option<Rc<Response>> {
    let answer = progress.partial.take()?;
    let mut hops = progress.hops.as_ref().map(RefCell::borrow_mut);
    if let Some(hop) = hops.as_mut().and_then(|hops| hops.last_mut()) {
        hop.answered(&answer);
    }
    Some(Rc::new(response(*answer, &request.target, timings, progress)))
}

/// A resource's own progress; what it counted belongs to the page, however it ends.
struct Subordinate<'a> {
    own: Progress,
    page: &'a Progress,
}

impl Drop for Subordinate<'_> {
    fn drop(&mut self) {
        self.page.absorb(&self.own);
    }
}
