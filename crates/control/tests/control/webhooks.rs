//! Webhooks.

use hmac::{Hmac, Mac};
use longshore_control::*;
use longshore_domain::{Cause, DeploymentStatus, HookId, ServiceId};
use sha2::Sha256;
use sqlx::PgPool;

use crate::world::{World, fields, git};

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

/// GitHub's `push`, as far as it matters, with a commit that changed files.
fn github_push(commit: &str, extra: &str, added: &str, modified: &str, removed: &str) -> String {
    format!(
        r#"{{"ref":"refs/heads/main","before":"{before}","after":"{commit}",
            "repository":{{"id":1,"full_name":"ann/shop","default_branch":"main"}},
            "pusher":{{"name":"ann","email":"ann@example.com"}},"sender":{{"login":"ann"}},
            "created":false,"deleted":false,"forced":false,"base_ref":null,
            "compare":"https://github.com/ann/shop/compare/1...2",
            "commits":[{{"id":"{commit}","tree_id":"t","distinct":true,"message":"Change",
                "timestamp":"2026-01-02T03:04:05+01:00","url":"u",
                "author":{{"name":"Ann","email":"ann@example.com","username":"ann"}},
                "committer":{{"name":"Ann","email":"ann@example.com","username":"ann"}},
                "added":[{added}],"removed":[{removed}],"modified":[{modified}]}}],
            "head_commit":{{"id":"{commit}","message":"Change","author":{{"name":"Ann"}}}}{extra}}}"#,
        before = sha('0').replace('0', "1"),
    )
}

/// An app that watches some files of a repository with several.
async fn watching(world: &World) -> ServiceId {
    let service = world.app("web").await.id;
    let SourceDraft::Git {
        url,
        branch,
        submodules,
        access,
        ..
    } = git(
        "https://git.example.com/team/app.git",
        GitAccessDraft::Anonymous,
    )
    else {
        unreachable!()
    };
    let patterns = ["apps/web", "packages/**", "!**/*.md"];
    let patch = AppPatch {
        source: Some(SourceDraft::Git {
            url,
            branch,
            submodules,
            watch_paths: patterns.map(str::to_owned).to_vec(),
            access,
        }),
        ..AppPatch::default()
    };
    world
        .control
        .update_app(&world.owner, service, patch)
        .await
        .unwrap();
    service
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_push_deploys_when_it_changes_a_watched_file(pool: PgPool) {
    let world = World::new(pool).await;
    let service = watching(&world).await;
    let sender = Sender::new(&world, service).await;
    let deployed = Decision::Deployed;
    let ignored = Decision::Ignored;
    let forced = github_push(&sha('6'), "", "", r#""docs/a.md""#, "")
        .replace(r#""forced":false"#, r#""forced":true"#);
    let table = [
        (
            github_push(
                &sha('2'),
                "",
                r#""apps/web/src/main.ts""#,
                r#""docs/a.md""#,
                "",
            ),
            deployed,
            "\"apps/web/src/main.ts\" matches the watch path apps/web.",
        ),
        (
            github_push(
                &sha('3'),
                "",
                "",
                r#""apps/web/README.md","apps/api/main.ts""#,
                "",
            ),
            ignored,
            "None of the 2 files that changed matches a watch path; \"apps/api/main.ts\" is one of them.",
        ),
        (
            github_push(&sha('4'), "", "", "", r#""packages/ui/index.ts""#),
            deployed,
            "matches the watch path packages/**.",
        ),
        (
            github_push(&sha('5'), "", "", r#""docs/a.md""#, ""),
            ignored,
            "\"docs/a.md\", the only file that changed, matches no watch path.",
        ),
        (
            forced,
            deployed,
            "does not tell all files: the push was forced.",
        ),
        // As a sender that names no files, and none of the commits.
        (
            push("refs/heads/main", &sha('7'), "x"),
            deployed,
            "does not tell all files: it does not name the commit it ends in.",
        ),
    ];
    for (index, (body, decision, sentence)) in table.iter().enumerate() {
        let answer = sender
            .github(&world, "push", &format!("w-{index}"), body)
            .await
            .unwrap();
        assert_eq!(answer.decision, *decision, "{}", answer.reason);
        assert!(answer.reason.ends_with(sentence), "{}", answer.reason);
    }
    let deliveries = world
        .control
        .list_deliveries(&world.owner, service, 50)
        .await
        .unwrap();
    assert!(deliveries[2].reason.contains("docs/a.md"), "{deliveries:?}");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn every_hosts_payload_tells_its_files_in_its_own_way(pool: PgPool) {
    let world = World::new(pool).await;
    let service = watching(&world).await;
    let sender = Sender::new(&world, service).await;
    let commit = sha('a');
    let commits = |file: &str| {
        format!(
            r#""before":"{}","after":"{commit}","ref":"refs/heads/main","commits":[
                {{"id":"{commit}","message":"m","author":{{"name":"Bea","email":"b@example.com"}},
                "added":[],"modified":["{file}"],"removed":[]}}]"#,
            sha('9')
        )
    };
    let gitlab = |total: u32, file: &str| {
        format!(
            r#"{{"object_kind":"push","event_name":"push","user_name":"Bea",
                "total_commits_count":{total},"project":{{"id":1}},{}}}"#,
            commits(file)
        )
    };
    let gitea = |total: u32, file: &str| {
        format!(
            r#"{{"compare_url":"u","total_commits":{total},"head_commit":{{"id":"{commit}"}},
                "pusher":{{"login":"bea"}},{}}}"#,
            commits(file)
        )
    };
    let bitbucket = format!(
        r#"{{"actor":{{"display_name":"Cy"}},"push":{{"changes":[{{"forced":false,"truncated":false,
            "old":{{"type":"branch","name":"main"}},"new":{{"type":"branch","name":"main",
            "target":{{"hash":"{commit}","message":"m"}}}}}}]}}}}"#
    );
    let generic = |files: &str| format!(r#"{{"branch":"main","commit":"{commit}"{files}}}"#);
    let (web, docs) = ("apps/web/a.ts", "docs/a.md");
    let table = [
        (Provider::Gitlab, "Push Hook", gitlab(1, web), "apps/web."),
        (
            Provider::Gitlab,
            "Push Hook",
            gitlab(1, docs),
            "no watch path.",
        ),
        (
            Provider::Gitlab,
            "Push Hook",
            gitlab(25, docs),
            "25 commits and names 1.",
        ),
        (Provider::Gitea, "push", gitea(1, docs), "no watch path."),
        (
            Provider::Gitea,
            "push",
            gitea(9, docs),
            "9 commits and names 1.",
        ),
        (
            Provider::Bitbucket,
            "repo:push",
            bitbucket,
            "Bitbucket names no files.",
        ),
        (
            Provider::Generic,
            "",
            generic(r#","files":["docs/a.md"]"#),
            "no watch path.",
        ),
        (
            Provider::Generic,
            "",
            generic(r#","files":["packages/x"]"#),
            "packages/**.",
        ),
        (
            Provider::Generic,
            "",
            generic(r#","files":[]"#),
            "no watch path matches.",
        ),
        (
            Provider::Generic,
            "",
            generic(""),
            "the request names no files.",
        ),
    ];
    for (index, (provider, event, body, sentence)) in table.iter().enumerate() {
        let mut headers = sender.headers(event, &format!("p-{index}"), body);
        let digest = headers.signature.as_deref().unwrap();
        headers.signature = match provider {
            Provider::Gitlab => Some(sender.secret.clone()),
            Provider::Gitea => digest.strip_prefix("sha256=").map(str::to_owned),
            _ => headers.signature,
        };
        let answer = world
            .control
            .receive_push(sender.hook, *provider, &headers, body.as_bytes())
            .await
            .unwrap();
        assert!(
            answer.reason.ends_with(sentence),
            "{provider:?} {}",
            answer.reason
        );
        let ignored = sentence.contains("no watch path");
        assert_eq!(
            answer.decision == Decision::Ignored,
            ignored,
            "{}",
            answer.reason
        );
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_build_variable_must_exist_and_must_not_be_secret(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let build = |names: &[&str]| AppPatch {
        build: Some(BuildDraft::Auto {
            variables: names.iter().map(|name| (*name).to_owned()).collect(),
        }),
        ..AppPatch::default()
    };
    let control = &world.control;
    let deploy = || control.request_deployment(&world.owner, service, DeploymentDraft::default());
    let missing = build(&["VITE_API"]);
    control
        .update_app(&world.owner, service, missing)
        .await
        .unwrap();
    assert_eq!(fields(deploy().await), ["build.auto.variables.VITE_API"]);
    let begin = build(&["VITE_*"]);
    control
        .update_app(&world.owner, service, begin)
        .await
        .unwrap();
    deploy().await.unwrap();
    let scope = VariableScope::Service(service);
    world.set(scope, "VITE_KEY", "hush", true).await;
    let error = deploy().await.unwrap_err().to_string();
    assert!(
        error.contains("VITE_KEY into the image's history"),
        "{error}"
    );
}
