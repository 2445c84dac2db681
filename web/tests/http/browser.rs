//! Sessions, signing in and out, and forms from elsewhere.

use axum::body::Body;
use longshore_control::UserDraft;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use crate::world::{Answer, CSRF, World, from_peer, request};

const PASSWORD: &str = "correct horse battery staple";

async fn account(world: &World) {
    let draft = UserDraft {
        email: "ann@example.com".to_owned(),
        name: None,
        password: Some(PASSWORD.to_owned()),
    };
    world.control.create_user(draft).await.unwrap();
}

/// The token in the page's form.
fn csrf(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn post(world: &World, cookie: &str, path: &str, body: String) -> Answer {
    let builder = request("POST", path)
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    world.send(builder.body(Body::from(body)).unwrap()).await
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn signing_in_takes_a_new_session_and_signing_out_ends_it(pool: PgPool) {
    let world = World::new(pool);
    account(&world).await;
    let away = world.visit("", "/settings?tab=1").await;
    assert_eq!(away.status, 303);
    let place = away.header("location").to_owned();
    assert_eq!(place, "/login?next=%2Fsettings%3Ftab%3D1");
    let gate = world.visit("", &place).await;
    let before = gate.cookie("longshore_session").unwrap();
    let whole = gate.header("set-cookie").to_owned();
    assert!(
        whole.contains("HttpOnly") && whole.contains("SameSite=Lax"),
        "{whole}"
    );

    let fields = |password: &str, csrf: &str| {
        let password = password.replace(' ', "+");
        format!("csrf={csrf}&next=/settings&email=ann@example.com&password={password}")
    };
    let wrong = post(&world, &before, "/login", fields("wrong", &csrf(&gate))).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("ann@example.com") && !wrong.text().contains("wrong\""));
    let right = post(&world, &before, "/login", fields(PASSWORD, &csrf(&gate))).await;
    assert_eq!(
        (right.status.as_u16(), right.header("location")),
        (303, "/settings")
    );
    let after = right.cookie("longshore_session").unwrap();
    assert_ne!(before, after, "an id from before is worth nothing");
    assert_eq!(world.visit(&before, "/settings").await.status, 303);

    let inside = world.visit(&after, "/settings").await;
    assert_eq!(inside.status, 200);
    assert_ne!(csrf(&inside), csrf(&gate));
    let out = post(&world, &after, "/logout", format!("csrf={}", csrf(&inside))).await;
    assert_eq!(out.status, 303);
    assert_eq!(world.visit(&after, "/settings").await.status, 303);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_form_without_the_sessions_token_or_from_elsewhere_is_refused(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let count = async || {
        world
            .control
            .list_projects(&owner.actor)
            .await
            .unwrap()
            .len()
    };
    let form = "application/x-www-form-urlencoded";
    for (token, site, kind, status) in [
        ("", "same-origin", form, 403),
        ("csrf=0123&", "same-origin", form, 403),
        (&format!("csrf={CSRF}&")[..], "cross-site", form, 403),
        (&format!("csrf={CSRF}&"), "same-site", form, 403),
        ("", "same-origin", "text/plain", 403),
        (&format!("csrf={CSRF}&"), "same-origin", form, 303),
    ] {
        let builder = request("POST", "/projects")
            .header("cookie", &owner.cookie)
            .header("sec-fetch-site", site)
            .header("content-type", kind);
        let body = Body::from(format!("{token}name=Shop"));
        let answer = world.send(builder.body(body).unwrap()).await;
        assert_eq!(answer.status, status, "{token} {site} {kind}");
        assert_eq!(count().await, usize::from(status == 303));
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_browser_may_read_the_api_but_needs_its_token_to_change_something(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    assert_eq!(
        world.visit(&owner.cookie, "/api/v1/projects").await.status,
        200
    );
    let nobody = world.session(None).await;
    world.visit(&nobody, "/api/v1/projects").await.problem(401);
    for (token, status) in [("", 403), ("wrong", 403), (CSRF, 201)] {
        let builder = request("POST", "/api/v1/projects")
            .header("cookie", &owner.cookie)
            .header("content-type", "application/json")
            .header("x-csrf-token", token);
        let body = Body::from(r#"{"name":"Shop"}"#);
        let answer = world.send(builder.body(body).unwrap()).await;
        assert_eq!(answer.status, status, "{token}");
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_used_session_lasts_and_an_old_one_ends(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let now = OffsetDateTime::now_utc();
    let user = Some(owner.actor.user);
    for (age, signed_in, put_off) in [
        (Duration::minutes(1), true, false),
        (Duration::days(2), true, true),
        (Duration::days(29), true, true),
        (Duration::days(31), false, false),
    ] {
        let cookie = world.session_since(user, now - age).await;
        let answer = world.visit(&cookie, "/settings").await;
        assert_eq!(
            answer.status.as_u16(),
            if signed_in { 200 } else { 303 },
            "{age}"
        );
        let again = answer.header("set-cookie");
        assert_eq!(again.contains("Max-Age=604800"), put_off, "{age}: {again}");
        let later = world.visit(&cookie, "/settings").await;
        assert_eq!(later.status == 200, signed_in, "{age}");
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn signing_out_everywhere_ends_each_session(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let other = world.session(Some(owner.actor.user)).await;
    let answer = world
        .submit(&owner.cookie, "/settings/sessions/delete", "")
        .await;
    assert_eq!(answer.status, 303);
    for cookie in [&owner.cookie, &other] {
        assert_eq!(world.visit(cookie, "/settings").await.status, 303);
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn the_first_person_needs_the_token_of_the_installer(pool: PgPool) {
    let world = World::new(pool);
    let file = world.files.path().join("setup-token");
    std::fs::write(&file, "the-installers-token\n").unwrap();
    assert_eq!(world.visit("", "/login").await.header("location"), "/setup");
    let gate = world.visit("", "/setup").await;
    let cookie = gate.cookie("longshore_session").unwrap();
    let fields = |token: &str, password: &str| {
        let (csrf, password) = (csrf(&gate), password.replace(' ', "+"));
        format!("csrf={csrf}&token={token}&name=Ann&email=ann@example.com&password={password}")
    };
    for (token, password) in [("wrong", PASSWORD), ("the-installers-token", "short")] {
        let answer = post(&world, &cookie, "/setup", fields(token, password)).await;
        assert_eq!(answer.status, 422, "{token}");
        assert!(!answer.text().contains(PASSWORD));
    }
    assert!(world.control.needs_setup().await.unwrap());
    let body = fields("the-installers-token", PASSWORD);
    let answer = post(&world, &cookie, "/setup", body).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let inside = answer.cookie("longshore_session").unwrap();
    assert_eq!(world.visit(&inside, "/").await.status, 200);
    assert!(!file.exists());
    assert_eq!(world.visit("", "/setup").await.header("location"), "/login");
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_cookie_is_secure_exactly_when_the_page_came_by_https(pool: PgPool) {
    let world = World::at(pool, Some("https://panel.example.com"));
    account(&world).await;
    let login = async |host: &str, peer: &str, told: &str| {
        let builder = request("GET", "/login").header("x-forwarded-proto", told);
        let mut request = from_peer(builder, peer).body(Body::empty()).unwrap();
        request.headers_mut().insert("host", host.parse().unwrap());
        world.send(request).await
    };
    for (host, peer, told, secure) in [
        ("192.0.2.1:3000", "198.51.100.1", "http", false),
        ("192.0.2.1:3000", "198.51.100.1", "https", false),
        ("192.0.2.1:3000", "10.0.0.5", "https", true),
        ("panel.example.com", "198.51.100.1", "http", true),
        ("panel.example.com", "10.0.0.5", "http", false),
    ] {
        let page = login(host, peer, told).await;
        let cookie = page.header("set-cookie");
        let case = format!("{host} {peer} {told}: {cookie}");
        assert!(cookie.contains("longshore_session="), "{case}");
        assert_eq!(cookie.contains("; Secure"), secure, "{case}");
        assert_eq!(page.text().contains("not encrypted"), !secure, "{case}");
    }
    // The way in over plain http works to the end.
    let gate = login("192.0.2.1:3000", "198.51.100.1", "http").await;
    let cookie = gate.cookie("longshore_session").unwrap();
    let password = PASSWORD.replace(' ', "+");
    let fields = format!(
        "csrf={}&email=ann@example.com&password={password}",
        csrf(&gate)
    );
    let inside = post(&world, &cookie, "/login", fields).await;
    assert_eq!(inside.status, 303);
    assert!(!inside.header("set-cookie").contains("Secure"));
}
