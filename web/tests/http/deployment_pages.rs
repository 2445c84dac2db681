//! The pages of deployments: going back, giving way, the log's beginning.

use longshore_control::{VariableDraft, VariableScope};
use sqlx::PgPool;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::things::Things;
use crate::world::World;

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn going_back_asks_for_then_or_now(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let draft = VariableDraft {
        value: Some("new".to_owned()),
        secret: false,
    };
    let scope = VariableScope::Service(things.service);
    let drafts = BTreeMap::from([("KEY".to_owned(), draft)]);
    world
        .control
        .merge_variables(&owner.actor, scope, drafts)
        .await
        .unwrap();

    let list = format!("/services/{}/deployments", things.service);
    let question = format!("/deployments/{}/rollback", things.retired);
    let list = world.visit(&owner.cookie, &list).await.text();
    assert_eq!(
        list.matches("/rollback\"").count(),
        1,
        "for the kept one alone"
    );
    assert!(list.contains(&question));
    let page = world.visit(&owner.cookie, &question).await.text();
    for words in [
        "app-0:1",
        "no build is needed",
        "As they were then",
        "As they are now",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for (variables, expected) in [("then", None), ("now", Some("new")), ("", None)] {
        let fields = format!("variables={variables}");
        let answer = world.submit(&owner.cookie, &question, &fields).await;
        assert_eq!(answer.status, 303);
        let back = world.visit(&owner.cookie, answer.header("location")).await;
        let link = format!(
            "Goes back to <a href=\"/deployments/{}\">#1</a>",
            things.retired
        );
        assert!(back.text().contains(&link), "{}", back.text());
        let claimed = world.claim(Uuid::now_v7()).await;
        let key = claimed
            .variables
            .iter()
            .find(|(key, _)| key.as_str() == "KEY")
            .map(|(_, value)| value.expose().to_owned());
        assert_eq!(key.as_deref(), expected, "{variables}");
        let path = answer.header("location").to_owned() + "/cancel";
        world.submit(&owner.cookie, &path, "").await;
        sqlx::query("UPDATE deployments SET status = 'cancelled', ended_at = now() WHERE status = 'fetching'")
            .execute(&world.pool)
            .await
            .unwrap();
    }
    let live = format!("/deployments/{}/rollback", things.live);
    let answer = world.visit(&owner.cookie, &live).await;
    assert_eq!(
        answer.header("location"),
        format!("/deployments/{}", things.live)
    );
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_version_whose_image_is_gone_says_so_and_offers_its_commit(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let sha = "9f1c2ab47d0e55aa31c8f7b2d6e4a0913b5c7d88";
    sqlx::query("UPDATE deployments SET image_digest = NULL, commit_sha = $2 WHERE id = $1")
        .bind(things.retired.0)
        .bind(sha)
        .execute(&world.pool)
        .await
        .unwrap();
    let path = format!("/deployments/{}", things.retired);
    let page = world.visit(&owner.cookie, &path).await.text();
    assert!(page.contains("no longer kept") && page.contains("Deploy this commit"));
    assert!(!page.contains("Roll back to this"));
    let deploy = format!("/services/{}/deploy", things.service);
    let fields = format!("commit={sha}");
    let answer = world.submit(&owner.cookie, &deploy, &fields).await;
    let page = world.visit(&owner.cookie, answer.header("location")).await;
    assert!(page.text().contains(&sha[..8]));
    let path = format!("/api/v1/deployments/{}", things.retired);
    let shown = world.call(&owner, "GET", &path, None).await.json();
    assert_eq!(shown["can_roll_back"], false);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_deployment_that_gave_way_leads_to_the_one_that_overtook_it(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let next = world.deploy(&owner.actor, things.service).await;
    let path = format!("/deployments/{}", things.waiting);
    let page = world.visit(&owner.cookie, &path).await.text();
    let link = format!("Superseded by <a href=\"/deployments/{next}\">#4</a>");
    assert!(page.contains(&link), "{page}");
    let list = format!("/services/{}/deployments", things.service);
    let list = world.visit(&owner.cookie, &list).await.text();
    assert!(list.contains("superseded by #4"));
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_running_deployment_shows_where_the_time_goes_and_can_be_cancelled(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/deployments/{}", things.waiting);
    let cancel = format!("{path}/cancel\"");
    let waiting = world.visit(&owner.cookie, &path).await.text();
    assert!(waiting.contains("Where the time went") && waiting.contains("fill-queued"));
    assert!(waiting.contains(&cancel));

    let worker = Uuid::now_v7();
    let claimed = world.claim(worker).await;
    assert_eq!(claimed.id, things.waiting);
    for stage in [
        "fetching",
        "building",
        "releasing",
        "starting",
        "verifying",
        "switching",
    ] {
        sqlx::query("UPDATE deployments SET status = $2, stage_started_at = now() WHERE id = $1")
            .bind(claimed.id.0)
            .bind(stage)
            .execute(&world.pool)
            .await
            .unwrap();
        let page = world.visit(&owner.cookie, &path).await.text();
        assert!(page.contains(&format!("fill-{stage}")), "{stage}");
        assert!(page.contains("waterfall__row--now"), "{stage}");
        assert!(page.contains(&cancel), "{stage}");
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn earlier_lines_are_offered_only_where_there_are_some(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let short = format!("/deployments/{}", things.live);
    let page = world.visit(&owner.cookie, &short).await.text();
    assert!(page.contains("first line"));
    assert!(
        !page.contains("data-earlier=")
            && page.contains("data-log-earlier data-needs-script hidden")
    );

    let worker = Uuid::now_v7();
    let claimed = world.claim(worker).await;
    let lines: Vec<String> = (0..1500).map(|number| format!("line {number}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    world.log(claimed.id, worker, 2, &lines).await;
    let long = format!("/deployments/{}", claimed.id);
    let page = world.visit(&owner.cookie, &long).await.text();
    assert!(page.contains("data-earlier=") && !page.contains("data-needs-script hidden"));
    let middle = world
        .visit(&owner.cookie, &format!("{long}/lines?before=1400"))
        .await;
    assert_eq!(middle.header("longshore-log-start"), "false");
    let first = world
        .visit(&owner.cookie, &format!("{long}/lines?before=300"))
        .await;
    assert_eq!(first.header("longshore-log-start"), "true");
    assert_eq!(first.json()[0]["text"], "line 0");
}
