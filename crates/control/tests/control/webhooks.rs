//! Webhooks.

use hmac::{Hmac, Mac};
use longshore_control::*;
use longshore_domain::{Cause, DeploymentStatus, HookId, ServiceId};
use sha2::Sha256;
use sqlx::PgPool;

use crate::world::World;

struct Sender {
    hook: HookId,
    secret: String,
}

impl Sender {
    async fn new(world: &World, service: ServiceId) -> Self {
        let new = world
            .control
            .make_hook(&world.owner, service)
            .await
            .unwrap();
        let prefix = "https://panel.example.com/hooks/github/";
        Self {
            hook: new.view.url.strip_prefix(prefix).unwrap().parse().unwrap(),
            secret: new.secret.expose().to_owned(),
        }
    }

    fn headers(&self, event: &str, delivery: &str, body: &str) -> HookHeaders {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let digest = mac.finalize().into_bytes();
        let hex = hex::encode(digest);
        HookHeaders {
            event: Some(event.to_owned()),
            delivery: Some(delivery.to_owned()),
            signature: Some(format!("sha256={hex}")),
        }
    }

    async fn github(
        &self,
        world: &World,
        event: &str,
        delivery: &str,
        body: &str,
    ) -> std::result::Result<HookAnswer, HookError> {
        let headers = self.headers(event, delivery, body);
        world
            .control
            .receive_push(self.hook, Provider::Github, &headers, body.as_bytes())
            .await
    }
}

fn push(reference: &str, commit: &str, message: &str) -> String {
    format!(
        r#"{{"ref":"{reference}","after":"{commit}","deleted":false,
            "head_commit":{{"id":"{commit}","message":"{message}","author":{{"name":"Ann"}}}},
            "pusher":{{"name":"ann"}}}}"#
    )
}

fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn each_kind_of_delivery_has_its_decision(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let sender = Sender::new(&world, service).await;
    let main = "refs/heads/main";
    let deleted = format!(
        r#"{{"ref":"{main}","after":"{}","deleted":true}}"#,
        sha('0')
    );
    let table = [
        ("ping", r#"{"zen":"x"}"#.to_owned(), Decision::Pong, "works"),
        (
            "push",
            push(main, &sha('a'), "Fix"),
            Decision::Deployed,
            "aaaaaaa",
        ),
        (
            "push",
            push("refs/heads/dev", &sha('b'), "x"),
            Decision::Ignored,
            "refs/heads/dev",
        ),
        (
            "push",
            push("refs/tags/main", &sha('b'), "x"),
            Decision::Ignored,
            "refs/tags/main",
        ),
        ("push", deleted, Decision::Ignored, "deleted"),
        (
            "push",
            push(main, &sha('c'), "x [Skip Deploy]"),
            Decision::Ignored,
            "[skip deploy]",
        ),
        (
            "push",
            push(main, &sha('c'), "x [skip ci]"),
            Decision::Ignored,
            "[skip ci]",
        ),
        ("push", push(main, "abc", "x"), Decision::Refused, "commit"),
        ("star", "{}".to_owned(), Decision::Ignored, "star"),
    ];
    for (index, (event, body, decision, word)) in table.iter().enumerate() {
        let answer = sender
            .github(&world, event, &format!("d-{index}"), body)
            .await
            .unwrap();
        assert_eq!(answer.decision, *decision, "{body}");
        assert!(answer.reason.contains(word), "{}", answer.reason);
        let deployed = usize::from(*decision == Decision::Deployed);
        assert_eq!(answer.deployments.len(), deployed);
    }
    let deliveries = world
        .control
        .list_deliveries(&world.owner, service, 50)
        .await
        .unwrap();
    assert_eq!(deliveries.len(), table.len());
    let deployed = &deliveries[table.len() - 2];
    assert_eq!(deployed.decision, Decision::Deployed);
    assert_eq!(deployed.commit_sha, Some(sha('a')));
    let view = world
        .control
        .show_deployment(&world.owner, deployed.deployment.unwrap())
        .await
        .unwrap();
    let commit = view.commit.unwrap();
    assert_eq!(commit.sha, sha('a'));
    assert_eq!(commit.subject.as_deref(), Some("Fix"));
    assert!(matches!(view.cause, Cause::Push { pusher: Some(pusher), .. } if pusher == "ann"));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_repeated_delivery_does_nothing_again(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let sender = Sender::new(&world, service).await;
    let body = push("refs/heads/main", &sha('a'), "Fix");
    let (one, two) = tokio::join!(
        sender.github(&world, "push", "same", &body),
        sender.github(&world, "push", "same", &body),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    let mut decisions = [one.decision.as_str(), two.decision.as_str()];
    decisions.sort_unstable();
    assert_eq!(decisions, ["deployed", "repeated"]);
    assert_eq!(one.deployments, two.deployments);
    let third = sender.github(&world, "push", "same", &body).await.unwrap();
    assert_eq!(third.decision, Decision::Repeated);
    assert_eq!(third.deployments, one.deployments);
    let page = world
        .control
        .list_deployments(&world.owner, service, Cursor::default())
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_wrong_signature_deploys_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let sender = Sender::new(&world, service).await;
    let body = push("refs/heads/main", &sha('a'), "Fix");
    let good = sender.headers("push", "d", &body);
    let receive = async |hook, provider, headers: &HookHeaders, body: &str| {
        world
            .control
            .receive_push(hook, provider, headers, body.as_bytes())
            .await
    };
    for signature in [None, Some(""), Some("sha256=00"), Some("sha1=00")] {
        let headers = HookHeaders {
            signature: signature.map(str::to_owned),
            ..good.clone()
        };
        let answer = receive(sender.hook, Provider::Github, &headers, &body).await;
        assert!(matches!(answer, Err(HookError::BadSignature)));
    }
    let other = format!("{body} ");
    let answer = receive(sender.hook, Provider::Github, &good, &other).await;
    assert!(matches!(answer, Err(HookError::BadSignature)));
    // The secret itself is GitLab's way, not GitHub's signature.
    let answer = receive(sender.hook, Provider::Gitlab, &good, &body).await;
    assert!(matches!(answer, Err(HookError::BadSignature)));
    let answer = receive(HookId::generate(), Provider::Github, &good, &body).await;
    assert!(matches!(answer, Err(HookError::UnknownHook)));
    let page = world
        .control
        .list_deployments(&world.owner, service, Cursor::default())
        .await
        .unwrap();
    assert!(page.items.is_empty());
    // Refusals are shown, and do not use up the delivery's id.
    let deliveries = world
        .control
        .list_deliveries(&world.owner, service, 50)
        .await
        .unwrap();
    assert_eq!(deliveries.len(), 6);
    assert!(deliveries.iter().all(|d| d.decision == Decision::Refused));
    let answer = receive(sender.hook, Provider::Github, &good, &body).await;
    assert_eq!(answer.unwrap().decision, Decision::Deployed);
    for _ in 0..60 {
        let answer = receive(sender.hook, Provider::Github, &good, "x").await;
        assert!(answer.is_err());
    }
    let deliveries = world
        .control
        .list_deliveries(&world.owner, service, 200)
        .await
        .unwrap();
    assert_eq!(deliveries.len(), 51, "refusals do not pile up");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn two_secrets_are_valid_for_a_day_after_a_rotation(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let old = Sender::new(&world, service).await;
    let new = Sender::new(&world, service).await;
    assert_eq!(old.hook, new.hook);
    assert_ne!(old.secret, new.secret);
    assert!(old.github(&world, "ping", "1", "{}").await.is_ok());
    assert!(new.github(&world, "ping", "2", "{}").await.is_ok());
    let view = world
        .control
        .show_hook(&world.owner, service)
        .await
        .unwrap()
        .unwrap();
    assert!(view.old_secret_until.is_some());
    world.clock.advance(time::Duration::hours(25));
    let late = old.github(&world, "ping", "3", "{}").await;
    assert!(matches!(late, Err(HookError::BadSignature)));
    assert!(new.github(&world, "ping", "4", "{}").await.is_ok());
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_push_that_cannot_be_deployed_says_why_and_may_come_again(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let sender = Sender::new(&world, service).await;
    let scope = VariableScope::Service(service);
    world.set(scope, "URL", "${{db.URL}}", false).await;
    let body = push("refs/heads/main", &sha('a'), "Fix");
    let refused = sender.github(&world, "push", "d", &body).await.unwrap();
    assert_eq!(refused.decision, Decision::Refused);
    assert!(refused.reason.contains("variables.URL"));
    world
        .control
        .remove_variable(&world.owner, scope, "URL")
        .await
        .unwrap();
    let again = sender.github(&world, "push", "d", &body).await.unwrap();
    assert_eq!(again.decision, Decision::Deployed);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_generic_hook_deploys_the_configured_branch(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let sender = Sender::new(&world, service).await;
    for number in 1..=2 {
        let headers = HookHeaders {
            event: None,
            delivery: None,
            ..sender.headers("", "", "")
        };
        let answer = world
            .control
            .receive_push(sender.hook, Provider::Generic, &headers, b"")
            .await
            .unwrap();
        assert_eq!(answer.decision, Decision::Deployed);
        let view = world
            .control
            .show_deployment(&world.owner, answer.deployments[0])
            .await
            .unwrap();
        assert_eq!(view.number, number);
        assert!(view.commit.is_none());
        assert_eq!(view.status, DeploymentStatus::Queued);
    }
    let malformed = sender.github(&world, "push", "d", "{}").await;
    assert!(matches!(malformed, Err(HookError::Malformed(_))));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_push_to_a_stopped_service_is_ignored(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let sender = Sender::new(&world, service).await;
    world.deploy_live(service).await;
    world
        .control
        .set_stopped(&world.owner, service, true)
        .await
        .unwrap();
    let body = push("refs/heads/main", &sha('a'), "Fix");
    let answer = sender.github(&world, "push", "d", &body).await.unwrap();
    assert_eq!(answer.decision, Decision::Ignored);
    assert!(answer.reason.contains("stopped"));
}
