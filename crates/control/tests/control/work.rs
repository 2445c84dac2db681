//! What workers write, and what reconcilers read.

use std::time::Duration;

use longshore_control::store::journal::{RecordedEvent, RecordedKind};
use longshore_control::work::{GitCredentials, LogStream, Outcome};
use longshore_control::*;
use longshore_domain::{DeploymentStatus, Stage};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::world::{LEASE, World, git};

fn event(sequence: i64, kind: RecordedKind) -> RecordedEvent {
    RecordedEvent {
        sequence,
        at: OffsetDateTime::from_unix_timestamp(1_767_323_045 + sequence).unwrap(),
        kind,
    }
}

fn line(sequence: i64, text: &str) -> RecordedEvent {
    event(
        sequence,
        RecordedKind::Line {
            stream: LogStream::Stdout,
            text: text.to_owned(),
        },
    )
}

fn texts(lines: Vec<LogLine>) -> Vec<String> {
    lines.into_iter().map(|line| line.text).collect()
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn events_told_twice_count_once(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let deployment = world.deploy(service).await;
    let worker = Uuid::now_v7();
    let control = &world.control;
    control.claim(worker, LEASE).await.unwrap().unwrap();
    let sha = "a".repeat(40);
    let events = vec![
        event(
            1,
            RecordedKind::StageStarted {
                stage: Stage::Fetching,
            },
        ),
        line(2, "one"),
        event(
            3,
            RecordedKind::Commit {
                sha: sha.parse().unwrap(),
                subject: "Fix\u{7} it".to_owned(),
                author: "Ann".to_owned(),
            },
        ),
        event(
            4,
            RecordedKind::StageFinished {
                stage: Stage::Fetching,
                took: Duration::from_millis(1500),
                reused: false,
            },
        ),
        event(
            5,
            RecordedKind::StageStarted {
                stage: Stage::Building,
            },
        ),
        line(6, "two \0 \u{1b}[31mred"),
        event(
            7,
            RecordedKind::Image {
                image: "web:1".to_owned(),
                digest: "sha256:1".to_owned(),
                size_bytes: 7,
            },
        ),
        event(
            8,
            RecordedKind::HostKey {
                fingerprint: "SHA256:x".to_owned(),
            },
        ),
    ];
    control
        .record_events(deployment.id, worker, events[..4].to_vec())
        .await
        .unwrap();
    for _ in 0..2 {
        control
            .record_events(deployment.id, worker, events.clone())
            .await
            .unwrap();
    }
    let view = control
        .show_deployment(&world.owner, deployment.id)
        .await
        .unwrap();
    assert_eq!(view.status, DeploymentStatus::Building);
    assert_eq!(view.timings.fetching, Some(1500));
    assert!(view.timings.queued.is_some());
    let commit = view.commit.unwrap();
    assert_eq!(
        (commit.sha, commit.subject.as_deref()),
        (sha, Some("Fix it"))
    );
    assert_eq!(view.image_size_bytes, Some(7));
    let log = control
        .log_after(&world.owner, deployment.id, 0, 100)
        .await
        .unwrap();
    assert_eq!(texts(log), ["one", "two \0 \u{1b}[31mred"]);
    let service = control.show_service(&world.owner, service).await.unwrap();
    let SourceView::Git { host_key, .. } = service.source else {
        panic!("not a repository");
    };
    assert_eq!(host_key.as_deref(), Some("SHA256:x"));
    let forgotten = control
        .forget_host_key(&world.owner, service.id)
        .await
        .unwrap();
    let SourceView::Git { host_key, .. } = forgotten.source else {
        panic!("not a repository");
    };
    assert_eq!(host_key, None);

    // Whoever resumes knows where to go on.
    control.release(deployment.id, worker).await.unwrap();
    let again = control.claim(worker, LEASE).await.unwrap().unwrap();
    assert_eq!(again.last_sequence, 8);
    // An earlier stage again does not go backwards.
    let earlier = event(
        9,
        RecordedKind::StageStarted {
            stage: Stage::Fetching,
        },
    );
    control
        .record_events(deployment.id, worker, vec![earlier])
        .await
        .unwrap();
    let view = control
        .show_deployment(&world.owner, deployment.id)
        .await
        .unwrap();
    assert_eq!(view.status, DeploymentStatus::Building);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_long_log_is_read_by_its_tail_and_on_from_any_line(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let deployment = world.deploy(service).await.id;
    let worker = Uuid::now_v7();
    let control = &world.control;
    control.claim(worker, LEASE).await.unwrap().unwrap();
    // Sequence numbers have gaps: only every second event is a line.
    for batch in 0..60_i64 {
        let lines = (0..100).map(|index| {
            let sequence = (batch * 100 + index) * 2 + 1;
            line(sequence, &format!("line {sequence}"))
        });
        control
            .record_events(deployment, worker, lines.collect())
            .await
            .unwrap();
    }
    let owner = &world.owner;
    let tail = control.log_tail(owner, deployment, 150).await.unwrap();
    assert_eq!(tail.len(), 150);
    assert_eq!(tail[0].sequence, 11_701);
    assert_eq!(tail[149].text, "line 11999");
    let mut after = 0;
    let mut seen = 0;
    loop {
        let lines = control
            .log_after(owner, deployment, after, 777)
            .await
            .unwrap();
        let Some(last) = lines.last() else { break };
        seen += lines.len();
        after = last.sequence;
    }
    assert_eq!(seen, 6000);
    let between = control
        .log_after(owner, deployment, 10_000, 2)
        .await
        .unwrap();
    assert_eq!(texts(between), ["line 10001", "line 10003"]);
    let none = control
        .log_after(owner, deployment, 11_999, 5)
        .await
        .unwrap();
    assert!(none.is_empty());
    assert_eq!(control.log_tail(owner, deployment, 0).await.unwrap(), []);
    let all = control.log_tail(owner, deployment, 9_000).await.unwrap();
    assert_eq!(all.len(), 6000);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_endless_line_is_cut(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let deployment = world.deploy(service).await.id;
    let worker = Uuid::now_v7();
    world.control.claim(worker, LEASE).await.unwrap().unwrap();
    let lines = (1..=8).map(|sequence| line(sequence, &"ü".repeat(100_000)));
    world
        .control
        .record_events(deployment, worker, lines.collect())
        .await
        .unwrap();
    let tail = world
        .control
        .log_tail(&world.owner, deployment, 8)
        .await
        .unwrap();
    assert_eq!(tail.len(), 8);
    assert!(tail[0].text.ends_with('…') && tail[0].text.len() < 65_600);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn going_live_retires_the_one_before(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let first = world.deploy_live(service).await;
    assert!(first.is_live);
    let second = world.deploy(service).await;
    let worker = Uuid::now_v7();
    let control = &world.control;
    control.claim(worker, LEASE).await.unwrap().unwrap();
    let live = Outcome::Live {
        image: "web:2".to_owned(),
        digest: "sha256:2".to_owned(),
    };
    for _ in 0..2 {
        control
            .finish(second.id, worker, live.clone())
            .await
            .unwrap();
    }
    let other = control.finish(second.id, worker, Outcome::Cancelled).await;
    assert!(other.is_err(), "an end cannot be changed");
    let first = control
        .show_deployment(&world.owner, first.id)
        .await
        .unwrap();
    assert_eq!(first.status, DeploymentStatus::Retired);
    assert!(first.can_roll_back);
    let view = control.show_service(&world.owner, service).await.unwrap();
    assert_eq!(view.live.unwrap().number, 2);
    assert_eq!(view.status, ServiceStatus::Running);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_worker_gets_credentials_variables_and_what_to_redact(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    world.set(scope, "OPEN", "visible", false).await;
    world
        .set(scope, "KEY", "first line\nsecond line\nab", true)
        .await;
    world.set(scope, "URL", "x://${{KEY}}", false).await;
    let patch = AppPatch {
        source: Some(git(
            "https://git.example.com/team/app.git",
            GitAccessDraft::Token {
                username: None,
                token: "ghp_secret".to_owned(),
            },
        )),
        build: Some(BuildDraft::Dockerfile {
            path: None,
            context: None,
            target: None,
            args: std::collections::BTreeMap::default(),
            secrets: vec!["KEY".to_owned()],
            variables: Vec::new(),
        }),
        ..AppPatch::default()
    };
    world
        .control
        .update_app(&world.owner, service, patch)
        .await
        .unwrap();
    world.deploy(service).await;
    let claimed = world
        .control
        .claim(Uuid::now_v7(), LEASE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        claimed.variables[&"URL".parse().unwrap()].expose(),
        "x://first line\nsecond line\nab"
    );
    let GitCredentials::Token { token, .. } = &claimed.git_credentials else {
        panic!("not a token");
    };
    assert_eq!(token.expose(), "ghp_secret");
    assert_eq!(
        claimed.build_secrets[&"KEY".parse().unwrap()].expose(),
        "first line\nsecond line\nab"
    );
    let redact: Vec<&str> = claimed
        .redact
        .iter()
        .map(longshore_domain::Secret::expose)
        .collect();
    for expected in ["ghp_secret", "first line", "second line"] {
        assert!(redact.contains(&expected), "{expected}");
    }
    assert!(!redact.contains(&"ab"), "too short");
    assert!(!redact.contains(&"visible"));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_desired_state_tells_the_whole_machine(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let web = world.app("web").await.id;
    let draft = DomainDraft {
        host: "web.example.com".to_owned(),
        tls: "none".to_owned(),
        ..DomainDraft::default()
    };
    control.add_domain(&world.owner, web, draft).await.unwrap();
    world.deploy_live(web).await;
    world.deploy_live(web).await;
    world.deploy(web).await;
    let desired = control.desired_state().await.unwrap();
    assert_eq!(desired.environments.len(), 1);
    let service = &desired.services[0];
    assert_eq!(service.live_number, Some(2));
    assert_eq!(service.kept_numbers, [1]);
    assert_eq!(service.active_numbers, [3]);
    assert_eq!(service.replicas, 1);
    assert_eq!(service.routes[0].host.as_str(), "web.example.com");
    assert_eq!(service.routes[0].port.get(), 8080);

    control.set_stopped(&world.owner, web, true).await.unwrap();
    assert_eq!(
        control.desired_state().await.unwrap().services[0].replicas,
        0
    );
    control.set_stopped(&world.owner, web, false).await.unwrap();
    control.restart(&world.owner, web).await.unwrap();
    let asked = control.desired_state().await.unwrap().services[0]
        .restart_requested_at
        .unwrap();
    control.restart(&world.owner, web).await.unwrap();
    control.restart_done(web, asked).await.unwrap();
    let again = control.desired_state().await.unwrap().services[0]
        .restart_requested_at
        .unwrap();
    assert!(again > asked, "the later wish stays");
    control.restart_done(web, again).await.unwrap();
    let done = control.desired_state().await.unwrap();
    assert_eq!(done.services[0].restart_requested_at, None);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_deleted_service_leaves_when_the_machine_is_clean(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let app = world.app("web").await;
    world.deploy_live(app.id).await;
    world.deploy(app.id).await;
    let worker = Uuid::now_v7();
    let working = control.claim(worker, LEASE).await.unwrap().unwrap();
    let wrong = control.delete_service(&world.owner, app.id, "Web").await;
    assert_eq!(crate::world::fields(wrong), ["confirmation"]);
    control
        .delete_service(&world.owner, app.id, "web")
        .await
        .unwrap();
    let gone = control.show_service(&world.owner, app.id).await;
    assert!(matches!(gone, Err(ControlError::NotFound)));
    let beat = control.heartbeat(working.id, worker, LEASE).await.unwrap();
    assert!(beat.cancel_requested);
    assert!(control.services_removing().await.unwrap().is_empty());
    control
        .finish(working.id, worker, Outcome::Cancelled)
        .await
        .unwrap();
    let removing = control.services_removing().await.unwrap();
    assert_eq!((removing[0].service, removing[0].volumes), (app.id, false));
    assert!(control.desired_state().await.unwrap().services.is_empty());

    let again = control
        .create_app(
            &world.owner,
            app.environment.id,
            crate::world::git_app("web"),
        )
        .await;
    let Err(ControlError::Conflict(problem)) = again else {
        panic!("the name is held until the machine is clean");
    };
    assert!(problem.message.contains("still being removed"));
    control.drop_removed_service(app.id).await.unwrap();
    control
        .create_app(
            &world.owner,
            app.environment.id,
            crate::world::git_app("web"),
        )
        .await
        .unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn whoever_follows_is_woken(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let deployment = world.deploy(service).await;
    let control = world.control.clone();
    let listener = tokio::task::spawn(async move { control.listen().await });
    let (control, owner) = (world.control.clone(), world.owner.clone());
    let waiting = tokio::task::spawn(async move {
        control
            .await_end(&owner, deployment.id, Duration::from_secs(30))
            .await
            .unwrap()
    });
    world.work_until_live().await;
    let started = std::time::Instant::now();
    assert_eq!(waiting.await.unwrap().status, DeploymentStatus::Live);
    assert!(started.elapsed() < Duration::from_secs(5));
    listener.abort();

    let another = world.deploy(service).await;
    let view = world
        .control
        .await_end(&world.owner, another.id, Duration::from_millis(10))
        .await
        .unwrap();
    assert_eq!(view.status, DeploymentStatus::Queued, "the limit is kept");
}
