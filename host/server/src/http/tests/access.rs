//! Who gets in.

use super::*;

#[tokio::test]
async fn only_the_right_token_opens_the_api() {
    let fixture = Fixture::usual().await;
    let answer = fixture.send(request("GET", "/jobs"), "").await;
    answer.check_error(401, "Authorization");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    fixture
        .send(request("GET", "/jobs").header("authorization", "Basic abc"), "")
        .await
        .check_error(401, "Authorization");
    fixture.send(request("GET", "/jobs").header("authorization", "Bearer nope"), "").await.check_error(403, "Invalid");
    fixture.send(request("GET", "/no/such/path"), "").await.check_error(401, "Authorization");
    fixture.send(request("GET", "/jobs?token=s3cret"), "").await.check_error(401, "Authorization");
    assert_eq!(fixture.get("/jobs").await.status, StatusCode::OK);
    fixture.stop().await;
}

#[tokio::test]
async fn health_is_public_and_shows_details_to_the_token_only() {
    let fixture = Fixture::usual().await;
    for request in [
        request("GET", "/health"),
        request("GET", "/health/"),
        request("GET", "/health").header("authorization", "Bearer nope"),
    ] {
        let answer = fixture.send(request, "").await;
        assert_eq!(answer.status, StatusCode::OK);
        let keys: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["status", "uptime", "uptimeHuman"]);
    }
    let health = fixture.get("/health").await.json();
    assert_eq!(
        (&health["project"], &health["version"], &health["status"]),
        (&json!("mine"), &json!("1.2.3"), &json!("ok"))
    );
    assert_eq!((&health["sessions"]["max"], &health["jobs"]["enabled"]), (&json!(3), &json!(1)));
    let head = fixture.send(request("HEAD", "/health"), "").await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    fixture.stop().await;
}

#[tokio::test]
async fn without_a_configured_token_tcp_is_closed_and_says_how_to_open_it() {
    let fixture = Fixture::new(json!({}), jobs()).await;
    for path in ["/jobs", "/status", "/nothing"] {
        fixture.get(path).await.check_error(401, "auth.token");
    }
    assert_eq!(fixture.send(request("GET", "/health"), "").await.status, StatusCode::OK);
    assert!(fixture.get("/health").await.json().get("version").is_none());
    assert_eq!(fixture.by_socket("/jobs").await.status, StatusCode::OK);
    fixture.stop().await;
}

#[tokio::test]
async fn a_trusted_loopback_needs_no_token_unless_a_page_or_a_proxy_speaks() {
    let settings = json!({"auth": {"token": TOKEN, "trustLoopback": true}});
    let fixture = Fixture::new(settings, jobs()).await;
    assert_eq!(fixture.send(request("GET", "/jobs"), "").await.status, StatusCode::OK);
    fixture
        .send(request("GET", "/jobs").header("x-forwarded-for", "1.2.3.4"), "")
        .await
        .check_error(401, "Authorization");
    let own_page = request("GET", "/jobs").header("origin", "http://localhost:4040");
    fixture.send(own_page, "").await.check_error(401, "Authorization");
    fixture.send(request("GET", "/jobs").header("authorization", "Bearer nope"), "").await.check_error(403, "Invalid");
    fixture.stop().await;
}

#[tokio::test]
async fn too_many_wrong_tokens_have_to_wait_and_the_right_one_does_not() {
    let fixture = Fixture::usual().await;
    let wrong = || request("GET", "/jobs").header("authorization", "Bearer nope");
    for _ in 0..600 {
        fixture.send(wrong(), "").await.check_error(403, "Invalid");
    }
    let answer = fixture.send(wrong(), "").await;
    answer.check_error(429, "Rate limit exceeded");
    let wait = answer.json()["retryAfterMs"].as_u64().unwrap();
    assert!((1..=60_000).contains(&wait), "{wait}");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(fixture.get("/jobs").await.status, StatusCode::OK);
    fixture.send(request("GET", "/jobs"), "").await.check_error(401, "Authorization");
    fixture.stop().await;
}

#[tokio::test]
async fn the_host_must_be_a_name_of_this_server_even_for_health() {
    let fixture = Fixture::new(json!({"auth": {"token": TOKEN}, "http": {"allowedHosts": ["box.lan"]}}), jobs()).await;
    let ask_as = async |host: &str| {
        let request = request("GET", "/health").header("host", host);
        ask(fixture.tcp.clone(), request.body(Body::empty()).unwrap()).await
    };
    for host in ["localhost:1", "127.0.0.1", "[::1]:4040", "box.lan"] {
        assert_eq!(ask_as(host).await.status, StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "evil.example:4040", "[", "0.0.0.0:4040"] {
        ask_as(host).await.check_error(403, "Host");
    }
    let nameless = request("GET", "/health").body(Body::empty()).unwrap();
    ask(fixture.tcp.clone(), nameless).await.check_error(403, "Host");
    fixture.stop().await;
}

#[tokio::test]
async fn other_web_pages_are_refused_whatever_they_bring() {
    let fixture = Fixture::usual().await;
    for origin in ["https://evil.example", "null", "http://localhost:4041", "http://localhost.evil.com:4040"] {
        let request = request("POST", "/jobs/nightly/trigger").header("origin", origin);
        let answer = fixture.send(request.header("authorization", format!("Bearer {TOKEN}")), "").await;
        answer.check_error(403, "web page");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    assert_eq!(fixture.host.engine.view().state().open_runs().count(), 0);
    fixture.stop().await;
}

#[tokio::test]
async fn our_own_page_passes_with_the_headers_that_browsers_ask_for() {
    let fixture = Fixture::usual().await;
    let page = |method, path| request(method, path).header("origin", "http://localhost:4040");
    let answer = fixture.send(page("OPTIONS", "/jobs").header("access-control-request-method", "PATCH"), "").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:4040");
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, PUT, PATCH, DELETE, OPTIONS");
    assert_eq!(answer.header("access-control-allow-headers"), "Content-Type, Authorization, Last-Event-ID");
    assert_eq!(answer.header("vary"), "Origin");
    let answer = fixture.send(page("GET", "/jobs"), "").await;
    answer.check_error(401, "Authorization");
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:4040");
    fixture.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let fixture = Fixture::usual().await;
    let evil = request("GET", "/jobs").header("origin", "https://evil.example");
    let answers = [
        fixture.get("/jobs").await,
        fixture.get("/nothing").await,
        fixture.send(request("GET", "/jobs"), "").await,
        fixture.send(evil, "").await,
        fixture.by_socket("/health").await,
    ];
    for answer in &answers {
        let found = ["x-content-type-options", "cache-control", "x-frame-options", "referrer-policy"]
            .map(|name| answer.header(name));
        assert_eq!(found, ["nosniff", "no-store", "DENY", "no-referrer"], "{}", answer.status);
    }
    fixture.stop().await;
}

#[tokio::test]
async fn the_socket_needs_neither_token_nor_host() {
    let fixture = Fixture::usual().await;
    for path in ["/jobs", "/status", "/sessions", "/events", "/plugins", "/runs", "/openapi.json"] {
        assert_eq!(fixture.by_socket(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(fixture.by_socket("/health").await.json()["version"], "1.2.3");
    fixture.by_socket("/nothing").await.check_error(404, "/nothing");
    fixture.stop().await;
}
