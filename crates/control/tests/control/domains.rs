//! Domains and what happens to their requests.

use longshore_control::{BasicUserDraft, DomainDraft, DomainPatch};
use longshore_domain::route::{DomainOptions, Split, TlsMode};
use longshore_store::PgPool;
use serde_json::json;

use super::world::{World, fields, git_app};

fn draft(host: &str, options: serde_json::Value) -> DomainDraft {
    DomainDraft {
        host: host.to_owned(),
        tls: "none".to_owned(),
        options: serde_json::from_value(options).unwrap(),
        ..DomainDraft::default()
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn passwords_are_hashed_and_stay_until_they_are_changed(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let app = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let options = json!({ "basic_auth": [{ "name": "ada", "password": "correct horse" }] });
    let domain = control
        .add_domain(owner, app, draft("a.example.com", options))
        .await
        .unwrap();
    assert_eq!(domain.options.basic_auth[0].name, "ada");
    let stored = || async {
        sqlx::query_scalar::<_, String>("SELECT options::text FROM domains")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    let first = stored().await;
    assert!(
        first.contains("$2y$08$") && !first.contains("correct"),
        "{first}"
    );

    let kept = DomainPatch {
        options: Some(
            serde_json::from_value(
                json!({ "basic_auth": [{ "name": "ada" }], "compression": true }),
            )
            .unwrap(),
        ),
        ..DomainPatch::default()
    };
    let domain = control.update_domain(owner, domain.id, kept).await.unwrap();
    assert!(domain.options.compression);
    let hash = |text: &str| text.split("$2y$08$").nth(1).unwrap()[..53].to_owned();
    assert_eq!(hash(&stored().await), hash(&first));

    for (users, message) in [
        (json!([{ "name": "eve" }]), "options.basic_auth"),
        (
            json!([{ "name": "eve", "password": "short" }]),
            "options.basic_auth",
        ),
        (
            json!([{ "name": "e:e", "password": "long enough" }]),
            "options.basic_auth",
        ),
    ] {
        let patch = DomainPatch {
            options: Some(serde_json::from_value(json!({ "basic_auth": users })).unwrap()),
            ..DomainPatch::default()
        };
        let refused = control.update_domain(owner, domain.id, patch).await;
        assert_eq!(fields(refused), [message]);
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn what_cannot_work_is_refused_by_name(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let own = json!({ "split": { "service": app, "percent": 10 } });
    let unknown =
        json!({ "split": { "service": longshore_domain::ServiceId::generate(), "percent": 10 } });
    for (options, field) in [
        (
            json!({ "redirect_to": { "to": "https://a.example.com" } }),
            "options.redirect_to.to",
        ),
        (
            json!({ "behind_cloudflare": true }),
            "options.behind_cloudflare",
        ),
        (json!({ "max_body_bytes": 0 }), "options.max_body_bytes"),
        (own, "options.split"),
        (unknown, "options.split"),
    ] {
        let refused = control
            .add_domain(owner, app, draft("a.example.com", options))
            .await;
        assert_eq!(fields(refused), [field]);
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn twins_and_names_for_tests_are_domains_of_their_own(pool: PgPool) {
    let world = World::new(pool).await;
    let (app, other) = (world.app("web").await.id, world.app("other").await.id);
    let (control, owner) = (&world.control, &world.owner);
    let apex = control
        .add_domain(owner, app, draft("example.com", json!({})))
        .await
        .unwrap();
    let twin = control.add_twin(owner, apex.id).await.unwrap();
    assert_eq!(twin.host, "www.example.com");
    let to = twin.options.redirect_to.unwrap().to;
    assert_eq!(to.as_str(), "http://example.com");
    let taken = control
        .add_domain(owner, other, draft("www.example.com", json!({})))
        .await;
    assert_eq!(
        fields(taken),
        ["conflict:host"],
        "a redirect's host is taken"
    );

    let test = control.add_test_domain(owner, app).await.unwrap();
    assert_eq!(test.host, "web.203-0-113-7.sslip.io");
    assert_eq!(test.tls, TlsMode::None);
    let second = control.add_test_domain(owner, app).await.unwrap();
    assert!(second.host.starts_with("web-"), "{}", second.host);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_share_follows_the_live_version_of_the_other_service(pool: PgPool) {
    let world = World::new(pool).await;
    let (control, owner) = (&world.control, &world.owner);
    let app = world.app("web").await;
    let environment = app.environment.id;
    let other = control
        .create_app(owner, environment, git_app("canary"))
        .await
        .unwrap()
        .id;
    let app = app.id;
    let options = DomainOptions::<BasicUserDraft> {
        split: Some(Split {
            service: other,
            percent: 10,
        }),
        ..DomainOptions::default()
    };
    let mut new = draft("a.example.com", json!({}));
    new.options = options;
    control.add_domain(owner, app, new).await.unwrap();
    let share = || async {
        let desired = control.desired_state().await.unwrap();
        let found = desired
            .services
            .into_iter()
            .find(|service| service.service == app);
        found.unwrap().routes[0].share
    };
    assert_eq!(share().await, None, "nothing of it is live");
    let deployment = world.deploy_live(other).await.number;
    let share = share().await.unwrap();
    assert_eq!(
        (share.service, share.live_number, share.percent),
        (other, deployment, 10)
    );
}
