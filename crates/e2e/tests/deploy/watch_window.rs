//! A version that starts to fail soon after its switch gives way to the one before it, also when
//! the server is killed in between; once, and with the reason.

use std::time::{Duration, Instant};

use longshore_e2e::api::id_of;
use longshore_e2e::faults::Part;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::wait;
use serde_json::{Value, json};

const HOST: &str = "shaky.example.test";

const GOOD: &str = "echo one >/www/index.html\nexec httpd -f -p 8080 -h /www\n";
const SHAKY: &str = "echo two >/www/index.html\nhttpd -p 8080 -h /www\nsleep 5\n\
                     echo out of luck\nexit 9\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_after_its_switch_gives_way() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let repository = Repository::new("shaky")
        .file(
            "Dockerfile",
            "FROM busybox:latest\nRUN mkdir /www\nCOPY start /start\nCMD [\"sh\", \"/start\"]\n",
        )
        .file("start", GOOD);
    repository.commit("One");
    let git = GitHttp::start(repository.root()).await;
    let environment = api.project("Shaky").await;
    let service = api
        .app(&environment, "shaky", &git.url("shaky"), 8080)
        .await;
    api.domain(&service, HOST).await;
    let run = json!({ "run": { "drain_seconds": 0, "watch_seconds": 45 } });
    let path = format!("/services/{service}");
    let patched = api.patch(&path, run).await.expect(200);
    assert_eq!(patched["run"]["watch_seconds"], 45, "{patched:#}");
    let first = api.deploy_live(&service).await;
    assert!(first["watched_until"].is_string(), "{first:#}");

    repository.write("start", SHAKY);
    repository.commit("Two");
    let second = api.deploy_live(&service).await;
    let begun = Instant::now();
    let deployment = format!("/deployments/{}", id_of(&second));
    longshore.shows(HOST, "two").await;
    Part::Server.kill(&longshore);

    let list = format!("/services/{service}/deployments");
    let third = wait::until("the way back", Duration::from_secs(90), || async {
        // The server is away for a moment.
        if reqwest::get(longshore.url()).await.is_err() {
            return None;
        }
        let all = api.get(&list).await.expect(200);
        let newest = all["items"][0].clone();
        (newest["number"] == 3 && newest["status"] == "live").then_some(newest)
    })
    .await;
    eprintln!(
        "back {:.1} s after the switch",
        begun.elapsed().as_secs_f64()
    );
    let cause = &third["cause"];
    assert_eq!(cause["kind"], "automatic_rollback", "{third:#}");
    assert_eq!((&cause["to"], &cause["from"]), (&json!(1), &json!(2)));
    let reason = cause["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("exit code 9"), "{reason}");
    longshore.shows(HOST, "one").await;

    let second = api.get(&deployment).await.expect(200);
    assert_eq!(second["status"], "failed", "{second:#}");
    assert_eq!(second["failure"]["stage"], "live", "{second:#}");
    assert_eq!(second["failure"]["kind"], "crash_loop", "{second:#}");
    let log = api.text(&format!("{deployment}/log")).await;
    assert!(log.contains("out of luck"), "{log}");
    assert!(log.contains("Going back to #1"), "{log}");

    // A version without one before it: the failure is told, and it stays.
    let alone = api
        .app(&environment, "alone", &git.url("shaky"), 8080)
        .await;
    let alone_live = api.deploy_live(&alone).await;
    let path = format!("/deployments/{}", id_of(&alone_live));
    let told = wait::until("the failure", Duration::from_secs(60), || async {
        let now = api.get(&path).await.expect(200);
        now["failure"].is_object().then_some(now)
    })
    .await;
    assert_eq!(told["status"], "live", "{told:#}");
    assert_eq!(told["failure"]["kind"], "crash_loop", "{told:#}");

    // No second way back, for either.
    assert_eq!(numbers(&api.get(&list).await.expect(200)), [3, 2, 1]);
    let list = format!("/services/{alone}/deployments");
    assert_eq!(numbers(&api.get(&list).await.expect(200)), [1]);
}

fn numbers(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().expect("deployments");
    items
        .iter()
        .filter_map(|deployment| deployment["number"].as_i64())
        .collect()
}
