//! A load test on the goose library. `BENCH_MODE` is `get`, `think` (the same with a wait of one
//! second) or `login`; goose's own options do the rest.

use std::time::Duration;

use goose::prelude::*;

/// What a user keeps from its login.
#[derive(Clone)]
struct Session {
    bearer: String,
}

async fn market(user: &mut GooseUser) -> TransactionResult {
    let got = user.get("/api/market-data").await?;
    if let Ok(answer) = got.response {
        let _ = answer.bytes().await;
    }
    Ok(())
}

async fn login(user: &mut GooseUser) -> TransactionResult {
    let body = serde_json::json!({"username": "u", "password": "p"});
    let got = user.post_json("/api/auth/login", &body).await?;
    let text = match got.response {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let token = answer["token"].as_str().unwrap_or_default();
    user.set_session_data(Session { bearer: format!("Bearer {token}") });
    Ok(())
}

async fn with_token(user: &mut GooseUser, path: &str) -> TransactionResult {
    let bearer = user.get_session_data_unchecked::<Session>().bearer.clone();
    let builder = user.get_request_builder(&GooseMethod::Get, path)?.header("authorization", bearer);
    let request = GooseRequest::builder().set_request_builder(builder).expect_status_code(200).build();
    let got = user.request(request).await?;
    if let Ok(answer) = got.response {
        let _ = answer.bytes().await;
    }
    Ok(())
}

async fn market_with_token(user: &mut GooseUser) -> TransactionResult {
    with_token(user, "/api/market-data").await
}

async fn portfolio_with_token(user: &mut GooseUser) -> TransactionResult {
    with_token(user, "/api/portfolio").await
}

#[tokio::main]
async fn main() -> Result<(), GooseError> {
    let mode = std::env::var("BENCH_MODE").unwrap_or_default();
    let scenario = match mode.as_str() {
        "login" => scenario!("Bench")
            .register_transaction(transaction!(login).set_on_start())
            .register_transaction(transaction!(market_with_token).set_weight(3)?)
            .register_transaction(transaction!(portfolio_with_token)),
        "think" => scenario!("Bench")
            .set_wait_time(Duration::from_secs(1), Duration::from_secs(1))?
            .register_transaction(transaction!(market)),
        _ => scenario!("Bench").register_transaction(transaction!(market)),
    };
    GooseAttack::initialize()?.register_scenario(scenario).execute().await?;
    Ok(())
}
