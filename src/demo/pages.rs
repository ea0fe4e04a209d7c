//! The few pages for people: a start page with a form and its resources, and the pages after login.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;

use super::api::{ApiError, session_cookie};
use super::state::{State, UserId};

const STYLE: &str = "body { font-family: sans-serif; margin: 3rem auto; max-width: 40rem; }\nlabel { display: block; margin: 1rem 0; }\n";
const SCRIPT: &str = "document.title = 'Sample trading API';\n";
const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\"><path d=\"M4 48 24 28 36 40 60 12\" fill=\"none\" stroke=\"green\" stroke-width=\"6\"/></svg>\n";

pub(super) async fn start(Shared(state): Shared<Arc<State>>) -> Html<String> {
    let token = state.form_token();
    Html(format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Sample trading API</title>
<link rel="stylesheet" href="/static/style.css">
<script src="/static/app.js"></script>
</head>
<body>
<img src="/static/logo.svg" alt="A rising line">
<h1>Sample trading API</h1>
<form action="/form-login" method="post">
<input type="hidden" name="csrf" value="{token}">
<label>User name <input name="username" value="trader1"></label>
<label>Password <input name="password" type="password"></label>
<button>Log in</button>
</form>
<p><a href="/account">My account</a> <a href="/api/market-data">All prices</a></p>
</body>
</html>
"#
    ))
}

pub(super) async fn log_in(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Response, ApiError> {
    let (mut username, mut password, mut csrf) = Default::default();
    for (name, value) in url::form_urlencoded::parse(&body) {
        match &*name {
            "username" => username = value,
            "password" => password = value,
            "csrf" => csrf = value,
            _ => {}
        }
    }
    if !state.use_form_token(&csrf) {
        return Ok(page(
            StatusCode::FORBIDDEN,
            "This form is out of date",
            "<p role=\"alert\">Open the start page again and send its `csrf` value along.</p>",
        ));
    }
    state.pool.query().await?;
    match state.log_in(&username, &password) {
        Some((_, token)) => {
            let headers = [(LOCATION, "/home".to_owned()), (SET_COOKIE, session_cookie(&token))];
            Ok((StatusCode::SEE_OTHER, headers).into_response())
        }
        None => Ok(page(
            StatusCode::UNAUTHORIZED,
            "Log in",
            "<p role=\"alert\">Unknown user or wrong password</p><p>Go back and try again.</p>",
        )),
    }
}

pub(super) async fn home(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(user) = logged_in(&state, &headers) else { return Ok(to_start()) };
    state.pool.query().await?;
    let text = "<p>You are logged in.</p><p><a href=\"/account\">My account</a></p>";
    Ok(page(StatusCode::OK, &format!("Welcome, {}", user.name()), text))
}

pub(super) async fn account(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(user) = logged_in(&state, &headers) else { return Ok(to_start()) };
    state.pool.query().await?;
    let orders = state.orders().owned_by(user).count();
    let text = format!("<p>User <b id=\"user\">{}</b>, orders: <b id=\"orders\">{orders}</b></p>", user.name());
    Ok(page(StatusCode::OK, "My account", &text))
}

/// The user whose session cookie came.
fn logged_in(state: &State, headers: &HeaderMap) -> Option<UserId> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix("SESSIONID="))
        .find_map(|token| state.session(token))
}

/// Where pages send whoever is not logged in.
fn to_start() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response()
}

/// A small page; title and body are ours, so nothing has to be escaped.
fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body><h1>{title}</h1>{body}</body>\n</html>\n"
    );
    (status, Html(html)).into_response()
}

pub(super) async fn style() -> Response {
    resource("text/css; charset=utf-8", STYLE)
}

pub(super) async fn script() -> Response {
    resource("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn logo() -> Response {
    resource("image/svg+xml", LOGO)
}

fn resource(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=3600")], text).into_response()
}
