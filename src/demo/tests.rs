//! The sample API over real connections.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod feed;

use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use super::pool::DatabasePool;
use super::{Options, Running, start};

struct Api {
    running: Running,
    client: Client,
    token: Option<String>,
}

impl Api {
    async fn new(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { running: start(options).await.unwrap(), client, token: None }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.running.url));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        request.send().await.unwrap()
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.send(method, path, body).await;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn log_in(&mut self, username: &str) {
        let body = json!({ "username": username, "password": "test123" });
        let (status, answer) = self.json(Method::POST, "/api/auth/login", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        self.token = Some(answer["token"].as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn signing_in_gives_a_token_and_a_cookie_and_logging_out_ends_it() {
    let mut api = Api::new(Options::default()).await;
    assert_eq!(api.json(Method::GET, "/api/portfolio", None).await.0, 401);
    for (body, expected) in [
        (json!({ "username": "ann", "password": "wrong" }), 401),
        (json!({ "username": "nobody", "password": "test123" }), 401),
        (json!({ "username": "ann" }), 422),
    ] {
        let (status, answer) = api.json(Method::POST, "/api/auth/login", Some(body)).await;
        assert_eq!(status, expected);
        assert!(answer["error"].is_string(), "{answer}");
    }
    let body = json!({ "username": "trader7", "password": "test123" });
    let answer = api.send(Method::POST, "/api/auth/login", Some(body)).await;
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let token = answer["token"].as_str().unwrap();
    assert_eq!(answer["user"], json!({ "id": 7, "name": "trader7" }));
    assert!(cookie.starts_with(&format!("SESSIONID={token};")), "{cookie}");

    api.token = Some(token.to_owned());
    let portfolio = api.json(Method::GET, "/api/portfolio", None).await;
    assert_eq!(portfolio, (200, json!({ "user": "trader7", "positions": [], "total": 0.0 })));
    assert_eq!(api.send(Method::POST, "/api/auth/logout", None).await.status(), 204);
    assert_eq!(api.json(Method::GET, "/api/portfolio", None).await.0, 401);
}

#[tokio::test]
async fn prices_and_quotes_agree() {
    let api = Api::new(Options::default()).await;
    let (status, market) = api.json(Method::GET, "/api/market-data", None).await;
    assert_eq!(status, 200);
    let time: jiff::Timestamp = market["time"].as_str().unwrap().parse().unwrap();
    assert!(time.duration_since(jiff::Timestamp::now()).abs() < jiff::SignedDuration::from_secs(60));
    assert_eq!(market["prices"].as_array().unwrap().len(), 12);
    for price in market["prices"].as_array().unwrap() {
        let symbol = price["symbol"].as_str().unwrap();
        let (status, quote) = api.json(Method::GET, &format!("/api/quotes/{symbol}"), None).await;
        assert_eq!(status, 200);
        let (listed, quoted) = (price["price"].as_f64().unwrap(), quote["price"].as_f64().unwrap());
        // Prices swing by 2 % within six minutes.
        assert!((listed - quoted).abs() < listed * 0.01, "{symbol}: {listed} and {quoted}");
        assert!(quote["bid"].as_f64().unwrap() < quoted && quoted < quote["ask"].as_f64().unwrap());
    }
    assert_eq!(api.json(Method::GET, "/api/quotes/NOPE", None).await.0, 404);
    assert_eq!(
        api.json(Method::GET, "/nowhere", None).await,
        (404, json!({ "error": "there is nothing at /nowhere" }))
    );
    assert_eq!(api.json(Method::GET, "/health", None).await, (200, json!({ "status": "ok" })));
}

#[tokio::test]
async fn orders_are_placed_listed_and_taken_back() {
    let mut api = Api::new(Options { query_time: Duration::ZERO, ..Options::default() }).await;
    api.log_in("ann").await;
    let market = json!({ "symbol": "AAPL", "quantity": 3, "type": "MARKET" });
    let answer = api.send(Method::POST, "/api/orders", Some(market)).await;
    assert_eq!((answer.status().as_u16(), answer.headers()[LOCATION].to_str().unwrap()), (201, "/api/orders/ord-1"));
    let placed: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!((&placed["status"], &placed["quantity"]), (&json!("FILLED"), &json!(3)));
    let low = json!({ "symbol": "SAP", "quantity": 1, "type": "LIMIT", "price": 0.5 });
    let (status, open) = api.json(Method::POST, "/api/orders", Some(low)).await;
    assert_eq!((status, &open["status"], &open["price"]), (201, &json!("OPEN"), &json!(0.5)));

    assert_eq!(api.json(Method::GET, "/api/orders/ord-1", None).await, (200, placed.clone()));
    let (_, list) = api.json(Method::GET, "/api/orders", None).await;
    assert_eq!(list, json!({ "orders": [open, placed], "page": 1, "next": null }));
    let (_, list) = api.json(Method::GET, "/api/orders?status=OPEN", None).await;
    assert_eq!(list["orders"], json!([open]));
    assert_eq!(api.json(Method::GET, "/api/orders?status=BROKEN", None).await.0, 422);
    let (_, portfolio) = api.json(Method::GET, "/api/portfolio", None).await;
    assert_eq!(portfolio["positions"][0]["quantity"], json!(3));
    assert_eq!(portfolio["positions"].as_array().unwrap().len(), 1);

    // Nobody sees another's orders.
    api.log_in("bob").await;
    assert_eq!(api.json(Method::GET, "/api/orders/ord-1", None).await.0, 404);
    assert_eq!(api.send(Method::DELETE, "/api/orders/ord-1", None).await.status(), 404);
    api.log_in("ann").await;
    assert_eq!(api.send(Method::DELETE, "/api/orders/ord-1", None).await.status(), 204);
    assert_eq!(api.json(Method::GET, "/api/orders/ord-1", None).await.0, 404);
    assert_eq!(api.send(Method::DELETE, "/api/admin/orders", None).await.status(), 204);
    assert_eq!(api.json(Method::GET, "/api/orders", None).await.1["orders"], json!([]));
}

#[tokio::test]
async fn the_list_of_orders_has_pages() {
    let mut api = Api::new(Options { query_time: Duration::ZERO, ..Options::default() }).await;
    api.log_in("carol").await;
    for _ in 0..41 {
        let order = json!({ "symbol": "IBM", "quantity": 1, "type": "MARKET" });
        assert_eq!(api.json(Method::POST, "/api/orders", Some(order)).await.0, 201);
    }
    for (page, count, next, first) in
        [(1, 20, json!(2), "ord-41"), (2, 20, json!(3), "ord-21"), (3, 1, Value::Null, "ord-1")]
    {
        let (_, list) = api.json(Method::GET, &format!("/api/orders?page={page}"), None).await;
        assert_eq!((list["orders"].as_array().unwrap().len(), &list["next"]), (count, &next));
        assert_eq!(list["orders"][0]["id"], json!(first));
    }
    assert_eq!(api.json(Method::GET, "/api/orders?page=0", None).await.0, 422);
    assert_eq!(api.json(Method::GET, "/api/orders?page=4000000000", None).await.1["orders"], json!([]));
}

#[tokio::test]
async fn invalid_orders_name_the_field() {
    let mut api = Api::new(Options::default()).await;
    api.log_in("dave").await;
    for (order, field) in [
        (json!({ "symbol": "NOPE", "quantity": 1, "type": "MARKET" }), "symbol"),
        (json!({ "symbol": "AAPL", "quantity": "1", "type": "MARKET" }), "quantity"),
        (json!({ "symbol": "AAPL", "quantity": 0, "type": "MARKET" }), "quantity"),
        (json!({ "symbol": "AAPL", "quantity": 1.5, "type": "MARKET" }), "quantity"),
        (json!({ "symbol": "AAPL", "quantity": 1, "type": "limit" }), "type"),
        (json!({ "symbol": "AAPL", "quantity": 1, "type": "LIMIT" }), "price"),
        (json!({ "symbol": "AAPL", "quantity": 1, "type": "LIMIT", "price": -1 }), "price"),
        (json!([]), "symbol"),
    ] {
        let (status, answer) = api.json(Method::POST, "/api/orders", Some(order)).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some(field)), "{answer}");
    }
    let url = format!("{}/api/orders", api.running.url);
    let bearer = format!("Bearer {}", api.token.clone().unwrap());
    let post = || api.client.post(&url).header(AUTHORIZATION, &bearer);
    assert_eq!(post().body("{}").send().await.unwrap().status(), 415);
    assert_eq!(post().header(CONTENT_TYPE, "application/json").body("{").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_form_needs_the_token_of_its_page() {
    let api = Api::new(Options::default()).await;
    let page = api.send(Method::GET, "/", None).await.text().await.unwrap();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let send = |body: String| {
        let request = api.client.post(format!("{}/form-login", api.running.url));
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body).send()
    };
    assert_eq!(send("username=ann&password=test123&csrf=guess".into()).await.unwrap().status(), 403);
    let answer = send(format!("username=ann&password=test123&csrf={csrf}")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()[LOCATION].to_str().unwrap()), (303, "/home"));
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    // A form is sent once.
    assert_eq!(send(format!("username=ann&password=test123&csrf={csrf}")).await.unwrap().status(), 403);
    let home = api.client.get(format!("{}/home", api.running.url)).header(COOKIE, cookie).send().await.unwrap();
    assert!(home.text().await.unwrap().contains("Welcome, ann"));
    assert_eq!(api.send(Method::GET, "/home", None).await.status(), 303);
    for resource in ["/static/style.css", "/static/app.js", "/static/logo.svg"] {
        assert!(page.contains(resource));
        assert_eq!(api.send(Method::GET, resource, None).await.status(), 200);
    }
}

#[tokio::test]
async fn uploads_are_measured() {
    let api = Api::new(Options::default()).await;
    // Larger than the limit other bodies have.
    let content = "x".repeat(3 << 20);
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n--b\r\nContent-Disposition: form-data; name=\"doc\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n--b--\r\n"
    );
    let request = api.client.post(format!("{}/api/upload", api.running.url));
    let answer = request.header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(
        told["parts"],
        json!([
            { "field": "title", "file": null, "type": null, "size": 5 },
            { "field": "doc", "file": "a.txt", "type": "text/plain", "size": 3 << 20 },
        ])
    );
}

#[tokio::test]
async fn a_small_pool_makes_requests_queue() {
    let options = Options { db_pool: 2, query_time: Duration::from_millis(600), cache: false, ..Options::default() };
    let api = Api::new(options).await;
    let began = Instant::now();
    let requests: Vec<_> =
        (0..6).map(|_| tokio::spawn(api.client.get(format!("{}/api/market-data", api.running.url)).send())).collect();
    let full = json!({ "size": 2, "in_use": 2, "waiting": 4 });
    let mut seen = Vec::new();
    while seen.last() != Some(&full) && began.elapsed() < Duration::from_secs(2) {
        let (_, stats) = api.json(Method::GET, "/api/admin/stats", None).await;
        assert_eq!(stats["cache"], json!(false));
        seen.push(stats["pool"].clone());
    }
    assert_eq!(seen.last(), Some(&full));
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    // Six queries of 600 ms, two at a time.
    assert!(began.elapsed() >= Duration::from_millis(1800), "{:?}", began.elapsed());
    let (_, stats) = api.json(Method::GET, "/api/admin/stats", None).await;
    assert_eq!(stats["pool"], json!({ "size": 2, "in_use": 0, "waiting": 0 }));
}

#[tokio::test]
async fn the_cache_spares_the_database() {
    let options = Options { db_pool: 1, query_time: Duration::from_millis(100), ..Options::default() };
    let api = Api::new(options).await;
    let began = Instant::now();
    let (_, first) = api.json(Method::GET, "/api/market-data", None).await;
    for _ in 0..5 {
        let (_, again) = api.json(Method::GET, "/api/market-data", None).await;
        // On a stalled machine the second may be over.
        assert!(again == first || began.elapsed() > Duration::from_millis(800), "{again}");
    }
    assert_eq!(api.send(Method::POST, "/api/admin/reset", None).await.status(), 204);
    assert_ne!(api.json(Method::GET, "/api/market-data", None).await.1["time"], first["time"]);
}

#[tokio::test]
async fn who_waits_too_long_for_a_connection_is_turned_away() {
    let pool = DatabasePool::new(1, Duration::from_secs(3600)).with_patience(Duration::from_millis(300));
    let holding = pool.query();
    tokio::pin!(holding);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut holding).await.is_err());
    assert_eq!(pool.in_use(), 1);
    let began = Instant::now();
    assert!(pool.query().await.is_err());
    assert!((300..10_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(pool.waiting(), 0);
}

#[tokio::test]
async fn a_taken_port_is_told_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let problem = start(Options { port, ..Options::default() }).await.unwrap_err();
    assert!(problem.message.contains(&format!("port {port}")) && problem.help.contains("choose another"), "{problem}");
}

#[tokio::test]
async fn stopping_closes_the_port_even_while_a_request_is_open() {
    let api = Api::new(Options { query_time: Duration::from_secs(600), cache: false, ..Options::default() }).await;
    let open = tokio::spawn(api.client.get(format!("{}/api/market-data", api.running.url)).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let address = api.running.url.strip_prefix("http://").unwrap().to_owned();
    let began = Instant::now();
    api.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(open.await.unwrap().is_err());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
