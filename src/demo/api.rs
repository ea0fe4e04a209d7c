//! The JSON endpoints.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Multipart, Path, Query, State as Shared};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::market;
use super::pool::Exhausted;
use super::state::{Order, State, Status, UserId, market_json};

/// Orders on a page of the list.
const PAGE: usize = 20;
/// The largest order.
const MAX_QUANTITY: u64 = 10_000;

/// A refusal: its status and a JSON body that says why.
#[derive(Debug)]
pub(super) struct ApiError(StatusCode, Value);

impl ApiError {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self(status, json!({ "error": error.into() }))
    }

    fn invalid(field: &str, error: impl Into<String>) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": error.into(), "field": field }))
    }

    /// For a parameter or a header of the price feeds.
    pub(super) fn bad(field: &str, error: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, json!({ "error": error.into(), "field": field }))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<Exhausted> for ApiError {
    fn from(_: Exhausted) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "connection pool exhausted")
    }
}

/// The user a bearer token belongs to.
pub(super) struct SignedIn {
    user: UserId,
    token: String,
}

impl FromRequestParts<Arc<State>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "sign in first: send `Authorization: Bearer TOKEN`"));
        };
        match state.session(token) {
            Some(user) => Ok(Self { user, token: token.to_owned() }),
            None => Err(ApiError::new(StatusCode::UNAUTHORIZED, "this token is not known, or its user has logged out")),
        }
    }
}

pub(super) async fn health() -> Response {
    raw_json(Bytes::from_static(br#"{"status":"ok"}"#))
}

pub(super) async fn log_in(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let body = json_body(&headers, &body)?;
    let text = |field: &str| {
        body.get(field).and_then(Value::as_str).ok_or_else(|| ApiError::invalid(field, format!("{field} must be text")))
    };
    let (username, password) = (text("username")?, text("password")?);
    state.pool.query().await?;
    let Some((user, token)) = state.log_in(username, password) else {
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "unknown user or wrong password"));
    };
    let cookie = session_cookie(&token);
    let answer = json!({ "token": token, "user": { "id": user.number(), "name": user.name() } });
    Ok(([(SET_COOKIE, cookie)], Json(answer)).into_response())
}

/// The cookie that carries a session.
pub(super) fn session_cookie(token: &str) -> String {
    format!("SESSIONID={token}; Path=/; HttpOnly; SameSite=Lax")
}

pub(super) async fn log_out(Shared(state): Shared<Arc<State>>, signed_in: SignedIn) -> StatusCode {
    state.log_out(&signed_in.token);
    StatusCode::NO_CONTENT
}

pub(super) async fn market_data(Shared(state): Shared<Arc<State>>) -> Result<Response, ApiError> {
    if let Some(body) = state.cached_market() {
        return Ok(raw_json(body));
    }
    state.pool.query().await?;
    let body = market_json(state.seconds());
    state.cache_market(&body);
    Ok(raw_json(body))
}

pub(super) async fn quote(Shared(state): Shared<Arc<State>>, Path(symbol): Path<String>) -> Result<Response, ApiError> {
    state.pool.query().await?;
    let Some(quote) = market::quote(&symbol, state.seconds()) else {
        return Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no symbol {symbol}")));
    };
    Ok(Json(json!({ "symbol": quote.symbol, "price": quote.price, "bid": quote.bid(), "ask": quote.ask() }))
        .into_response())
}

pub(super) async fn portfolio(Shared(state): Shared<Arc<State>>, signed_in: SignedIn) -> Result<Response, ApiError> {
    state.pool.query().await?;
    let seconds = state.seconds();
    let mut total = 0.0;
    let mut positions = Vec::new();
    for (symbol, quantity) in state.orders().holdings(signed_in.user) {
        let Some(quote) = market::quote(symbol, seconds) else { continue };
        let value = market::cents(quote.price * quantity as f64);
        total += value;
        positions.push(json!({ "symbol": symbol, "quantity": quantity, "price": quote.price, "value": value }));
    }
    let answer = json!({ "user": signed_in.user.name(), "positions": positions, "total": market::cents(total) });
    Ok(Json(answer).into_response())
}

pub(super) async fn place_order(
    Shared(state): Shared<Arc<State>>,
    signed_in: SignedIn,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let order = valid_order(&json_body(&headers, &body)?, signed_in.user, state.seconds())?;
    state.pool.query().await?;
    let order = state.orders().place(order);
    let location = format!("/api/orders/{}", shown_id(order.id));
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(order_json(&order))).into_response())
}

fn valid_order(body: &Value, owner: UserId, seconds: f64) -> Result<Order, ApiError> {
    let quote =
        body.get("symbol").and_then(Value::as_str).and_then(|symbol| market::quote(symbol, seconds)).ok_or_else(
            || ApiError::invalid("symbol", "symbol must be one of those in /api/market-data, for example AAPL"),
        )?;
    let quantity = body
        .get("quantity")
        .and_then(Value::as_u64)
        .filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
        .ok_or_else(|| {
            ApiError::invalid("quantity", format!("quantity must be a whole number from 1 to {MAX_QUANTITY}, not text"))
        })?;
    let kind = ["MARKET", "LIMIT"]
        .into_iter()
        .find(|kind| body.get("type").and_then(Value::as_str) == Some(kind))
        .ok_or_else(|| ApiError::invalid("type", "type must be MARKET or LIMIT"))?;
    let limit = match body.get("price") {
        None | Some(Value::Null) => None,
        Some(price) => Some(
            price
                .as_f64()
                .filter(|price| price.is_finite() && *price > 0.0)
                .ok_or_else(|| ApiError::invalid("price", "price must be a number above 0"))?,
        ),
    };
    let (price, status) = match (kind, limit) {
        ("LIMIT", None) => return Err(ApiError::invalid("price", "a LIMIT order needs a price")),
        ("LIMIT", Some(limit)) if limit < quote.price => (limit, Status::Open),
        ("LIMIT", Some(limit)) => (limit, Status::Filled),
        _ => (quote.price, Status::Filled),
    };
    Ok(Order { id: 0, owner, symbol: quote.symbol, quantity, kind, price, status })
}

pub(super) async fn order(
    Shared(state): Shared<Arc<State>>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    state.pool.query().await?;
    let order = order_number(&id).and_then(|number| state.orders().get(signed_in.user, number));
    order.map(|order| Json(order_json(&order)).into_response()).ok_or_else(|| no_order(&id))
}

/// What the list of orders may be asked for.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    status: Option<String>,
    page: Option<String>,
}

pub(super) async fn orders(
    Shared(state): Shared<Arc<State>>,
    signed_in: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let status = match query.status.as_deref() {
        None | Some("") => None,
        Some(name) => {
            Some(Status::from_name(name).ok_or_else(|| ApiError::invalid("status", "status must be OPEN or FILLED"))?)
        }
    };
    let page = match query.page.as_deref() {
        None | Some("") => 1,
        Some(text) => text
            .parse::<u32>()
            .ok()
            .filter(|page| *page > 0)
            .ok_or_else(|| ApiError::invalid("page", "page must be a whole number from 1"))?,
    };
    state.pool.query().await?;
    let mut found: Vec<Value> = state
        .orders()
        .owned_by(signed_in.user)
        .filter(|order| status.is_none_or(|status| order.status == status))
        .skip((page as usize - 1).saturating_mul(PAGE))
        .take(PAGE + 1)
        .map(order_json)
        .collect();
    let next = (found.len() > PAGE).then(|| page.saturating_add(1));
    found.truncate(PAGE);
    Ok(Json(json!({ "orders": found, "page": page, "next": next })).into_response())
}

pub(super) async fn cancel_order(
    Shared(state): Shared<Arc<State>>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.pool.query().await?;
    let cancelled = order_number(&id).is_some_and(|number| state.orders().cancel(signed_in.user, number));
    if cancelled { Ok(StatusCode::NO_CONTENT) } else { Err(no_order(&id)) }
}

pub(super) async fn reset(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.reset();
    StatusCode::NO_CONTENT
}

pub(super) async fn clear_orders(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.orders().clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn stats(Shared(state): Shared<Arc<State>>) -> Response {
    let pool = &state.pool;
    Json(json!({
        "pool": { "size": pool.size(), "in_use": pool.in_use(), "waiting": pool.waiting() },
        "cache": state.cache,
        "orders": state.orders().len(),
        "sessions": state.session_count(),
        "feeds": { "websockets": state.feeds.sockets(), "streams": state.feeds.streams() },
    }))
    .into_response()
}

/// Reads a `multipart/form-data` body to its end and tells what was in it. Nothing is kept.
pub(super) async fn upload(mut parts: Multipart) -> Result<Response, ApiError> {
    let bad = |error: axum::extract::multipart::MultipartError| ApiError::new(error.status(), error.body_text());
    let mut told = Vec::new();
    while let Some(mut part) = parts.next_field().await.map_err(bad)? {
        let mut size = 0_u64;
        while let Some(chunk) = part.chunk().await.map_err(bad)? {
            size += chunk.len() as u64;
        }
        // What is reported back is bounded, however many parts there are.
        if told.len() < 100 {
            told.push(json!({
                "field": part.name(), "file": part.file_name(), "type": part.content_type(), "size": size,
            }));
        }
    }
    Ok(Json(json!({ "parts": told })).into_response())
}

pub(super) async fn not_found(uri: axum::http::Uri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path()))
}

fn raw_json(body: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// The body as JSON. A real server is strict about it, so this one is too.
fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    if !is_json {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send JSON with `Content-Type: application/json`",
        ));
    }
    serde_json::from_slice(body)
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, format!("the body is not valid JSON: {error}")))
}

fn shown_id(number: u64) -> String {
    format!("ord-{number}")
}

fn order_number(id: &str) -> Option<u64> {
    id.strip_prefix("ord-")?.parse().ok()
}

fn no_order(id: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, format!("there is no order {id}"))
}

fn order_json(order: &Order) -> Value {
    json!({
        "id": shown_id(order.id),
        "status": order.status.name(),
        "symbol": order.symbol,
        "quantity": order.quantity,
        "type": order.kind,
        "price": order.price,
    })
}
