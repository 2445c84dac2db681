//! What domains do with requests on their way, by the real proxy.

use std::collections::BTreeMap;

use longshore_agent_api::{DeployJob, RouteUpdate};
use longshore_domain::route::{DomainOptions, Route, Share, Split, TlsMode};
use reqwest::{Method, Response};
use serde_json::json;

use super::world::{World, job, route, web};

/// A service that answers with what it was sent.
fn echo() -> DeployJob {
    let page = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n";
    let script = "mkdir -p /www/cgi-bin && printf '%s' \"$PAGE\" > /www/cgi-bin/env \
        && chmod 755 /www/cgi-bin/env && yes long | head -c 20000 > /www/long.txt \
        && echo one > /www/index.html && exec httpd -f -p 8080 -h /www";
    let mut job = job(&["sh", "-c", script], Some(8080));
    job.variables.insert("PAGE".parse().unwrap(), page.into());
    job.routes = vec![route("app.test", "/")];
    job
}

fn options(value: serde_json::Value) -> DomainOptions {
    let options: DomainOptions = serde_json::from_value(value).unwrap();
    assert_eq!(options.problems(|user| &user.name), []);
    options
}

/// Gives a live service one domain with these options.
async fn set(world: &World, job: &DeployJob, value: serde_json::Value) {
    let mut changed = route("app.test", "/");
    changed.options = options(value);
    set_route(world, job, changed).await;
}

async fn set_route(world: &World, job: &DeployJob, route: Route) {
    let update = RouteUpdate {
        live_number: 1,
        routes: vec![route],
    };
    world.edge.set_routes(job.service, &update).await.unwrap();
}

async fn send(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let url = format!("http://127.0.0.1:{}{path}", world.config.proxy_http_port);
    let mut request = http.request(method.clone(), url).header("Host", "app.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method == Method::POST {
        request = request.body("x".repeat(3000));
    }
    request.send().await.unwrap()
}

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Response {
    send(world, Method::GET, path, headers).await
}

fn location(answer: &Response) -> &str {
    answer.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn each_option_does_what_it_says() {
    let world = World::with_edge().await;
    let job = echo();
    world.deploy(&job, "busybox:latest").await;

    headers_are_set_and_taken_away(&world, &job).await;
    requests_are_sent_on(&world, &job).await;
    only_some_come_in(&world, &job).await;
    bodies_are_bounded_and_answers_compressed(&world, &job).await;
    a_wildcard_answers_what_no_other_does(&world, &job).await;
}

async fn headers_are_set_and_taken_away(world: &World, job: &DeployJob) {
    let value = json!({
        "security_headers": true,
        "hsts": { "days": 365 },
        "request_headers": { "X-Environment": "{{ .x }}", "Accept-Language": "" },
        "response_headers": { "X-Robots-Tag": "no\"index, {{ env \"PATH\" }}", "x-frame-options": "DENY" },
    });
    set(world, job, value).await;
    let answer = get(world, "/cgi-bin/env", &[("Accept-Language", "de")]).await;
    let headers = answer.headers().clone();
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["x-robots-tag"], "no\"index, {{ env \"PATH\" }}");
    assert!(
        !headers.contains_key("strict-transport-security"),
        "not over plain HTTP"
    );
    let seen = answer.text().await.unwrap();
    assert!(seen.contains("HTTP_X_ENVIRONMENT={{ .x }}"), "{seen}");
    assert!(!seen.contains("HTTP_ACCEPT_LANGUAGE"), "{seen}");

    let mut secure = route("app.test", "/");
    secure.tls = TlsMode::Custom;
    secure.options = options(json!({ "hsts": { "days": 365, "include_subdomains": true } }));
    set_route(world, job, secure.clone()).await;
    let answer = get(world, "/a", &[]).await;
    assert_eq!(answer.status(), 301);
    secure.options.https_redirect = false;
    set_route(world, job, secure).await;
    let answer = get(world, "/", &[]).await;
    assert_eq!(answer.status(), 200, "plain HTTP is served beside HTTPS");
    assert!(!answer.headers().contains_key("strict-transport-security"));
}

async fn requests_are_sent_on(world: &World, job: &DeployJob) {
    let to = |keep: bool, permanent: bool| json!({ "redirect_to": { "to": "https://example.com/new", "keep_path": keep, "permanent": permanent } });
    set(world, job, to(true, true)).await;
    let answer = get(world, "/a/b?c=d", &[]).await;
    assert_eq!(answer.status(), 301);
    assert_eq!(location(&answer), "https://example.com/new/a/b?c=d");
    set(world, job, to(false, false)).await;
    let answer = get(world, "/a/b?c=d", &[]).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(location(&answer), "https://example.com/new/");

    // Patterns at the edges of what both syntaxes know.
    let patterns = [
        "^https?://[^/]+/old/(.*)$",
        r"^http://app\.test(?::[0-9]{1,5})?/(a|b)\1?$",
        "[[:alpha:]]{3,1000}never",
        "(a{10}){100}",
        r"\bnever\B|^\w+\.\d\D\s\S$",
        "[]a-]never[^]b]",
        r"a{2,}?b*?c+?d??\[\]\{\}\/\-\_\~\&\#\%",
        r"\a\f\t\n\r\v",
        r"[\w\-\]\^.$]+never",
    ];
    let redirects: Vec<_> = patterns
        .iter()
        .filter(|pattern| {
            pattern
                .parse::<longshore_domain::route::UrlPattern>()
                .is_ok()
        })
        .map(|pattern| json!({ "pattern": pattern, "replacement": "https://example.com/new/${0}" }))
        .collect();
    assert!(redirects.len() >= 6, "{redirects:?}");
    set(world, job, json!({ "redirects": redirects })).await;
    assert_eq!(get(world, "/", &[]).await.status(), 200);
    let answer = get(world, "/old/x", &[]).await;
    assert_eq!(
        answer.status(),
        302,
        "a router with a wrong pattern answers 404"
    );

    let slash = json!({ "redirects": [
        { "pattern": "^http://([^/]+)/(.+)/$", "replacement": "http://$1/$2", "permanent": true },
    ] });
    set(world, job, slash).await;
    let answer = get(world, "/a/b/", &[]).await;
    assert!(location(&answer).ends_with("/a/b"), "{}", location(&answer));
}

async fn only_some_come_in(world: &World, job: &DeployJob) {
    // The password is “secret-one”.
    let users = json!({ "basic_auth": [
        { "name": "ada", "hash": "$apr1$abcdefgh$epAu0ujN8geP7AZUl5n3d1" },
        { "name": "bob", "hash": "$2y$04$abcdefghijklmnopqrstuu7iYOvkEIdAVpQAhxqiHRxIF2GQzjIRm" },
    ] });
    set(world, job, users).await;
    assert_eq!(get(world, "/", &[]).await.status(), 401);
    let wrong = "Basic YWRhOndyb25n";
    assert_eq!(
        get(world, "/", &[("Authorization", wrong)]).await.status(),
        401
    );
    let right = "Basic YWRhOnNlY3JldC1vbmU=";
    let bob = "Basic Ym9iOnNlY3JldC1vbmU=";
    assert_eq!(
        get(world, "/", &[("Authorization", bob)]).await.status(),
        200
    );
    let answer = get(world, "/cgi-bin/env", &[("Authorization", right)]).await;
    assert_eq!(answer.status(), 200);
    let seen = answer.text().await.unwrap();
    assert!(
        !seen.contains("secret-one") && !seen.contains("YWRh"),
        "{seen}"
    );

    set(
        world,
        job,
        json!({ "allow": ["203.0.113.0/24", "2001:db8::/32"] }),
    )
    .await;
    assert_eq!(get(world, "/", &[]).await.status(), 403);
    let forged = [("X-Forwarded-For", "203.0.113.9")];
    assert_eq!(get(world, "/", &forged).await.status(), 403);
    set(world, job, json!({ "allow": ["0.0.0.0/0"] })).await;
    assert_eq!(get(world, "/", &[]).await.status(), 200);
    set(world, job, json!({ "behind_cloudflare": true })).await;
    let forged = [("X-Forwarded-For", "104.16.0.1")];
    assert_eq!(get(world, "/", &forged).await.status(), 403);

    let limit = json!({ "rate_limit": { "requests": 1, "per_seconds": 60, "burst": 3 } });
    set(world, job, limit).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(get(world, "/", &[]).await.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429]);
}

async fn bodies_are_bounded_and_answers_compressed(world: &World, job: &DeployJob) {
    set(world, job, json!({ "max_body_bytes": 2999 })).await;
    let answer = send(world, Method::POST, "/cgi-bin/env", &[]).await;
    assert_eq!(answer.status(), 413);
    set(
        world,
        job,
        json!({ "max_body_bytes": 3000, "compression": true }),
    )
    .await;
    let answer = send(world, Method::POST, "/cgi-bin/env", &[]).await;
    assert_eq!(answer.status(), 200);
    for (asked, given) in [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd")] {
        let answer = get(world, "/long.txt", &[("Accept-Encoding", asked)]).await;
        assert_eq!(answer.headers()["content-encoding"], given);
    }
    let answer = get(world, "/long.txt", &[]).await;
    assert!(!answer.headers().contains_key("content-encoding"));
}

async fn a_wildcard_answers_what_no_other_does(world: &World, job: &DeployJob) {
    let update = RouteUpdate {
        live_number: 1,
        routes: vec![route("*.wild.test", "/"), {
            let mut named = route("named.wild.test", "/");
            named.options = options(json!({ "redirect_to": { "to": "https://example.com" } }));
            named
        }],
    };
    world.edge.set_routes(job.service, &update).await.unwrap();
    assert_eq!(world.get("any.wild.test", "/").await.0, 200);
    assert_eq!(world.get("a.b.wild.test", "/").await.0, 404);
    assert_eq!(world.get("wild.test", "/").await.0, 404);
    assert_eq!(world.get("xwild.test", "/").await.0, 404);
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let url = format!("http://127.0.0.1:{}/", world.config.proxy_http_port);
    let named = http.get(url).header("Host", "named.wild.test").send().await;
    assert_eq!(named.unwrap().status(), 301);
}

#[tokio::test]
async fn a_share_of_the_requests_goes_to_another_service() {
    let world = World::with_edge().await;
    let (one, mut two) = (web("one"), web("two"));
    two.routes.clear();
    world.deploy(&one, "busybox:latest").await;
    world.deploy(&two, "busybox:latest").await;
    let mut shared = route("app.test", "/");
    let percent = 25;
    shared.options.split = Some(Split {
        service: two.service,
        percent,
    });
    shared.share = Some(Share {
        service: two.service,
        live_number: 1,
        port: 8080.try_into().unwrap(),
        percent,
    });
    set_route(&world, &one, shared.clone()).await;
    let mut answers = BTreeMap::new();
    for _ in 0..100 {
        let (status, text) = world.get("app.test", "/").await;
        assert_eq!(status, 200);
        *answers.entry(text).or_insert(0) += 1;
    }
    assert_eq!(answers["two\n"], 25, "{answers:?}");

    // The other one goes away: its share falls to the first, and nobody notices.
    world.engine.remove_version(two.service, 1).await.unwrap();
    let mut alone = 0;
    while alone < 20 {
        let (status, text) = world.get("app.test", "/").await;
        assert_eq!(status, 200, "{text}");
        alone = if text == "one\n" { alone + 1 } else { 0 };
    }
    let update = RouteUpdate {
        live_number: 1,
        routes: vec![shared],
    };
    let repaired = world.edge.repair_routes(one.service, &update).await;
    assert!(repaired.unwrap(), "what is gone is left out");
    assert_eq!(world.get("app.test", "/").await.0, 200);
}
