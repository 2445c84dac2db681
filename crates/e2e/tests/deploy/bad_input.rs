//! Wrong input of every kind: a clear message, nothing half-written, the running version untouched.

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::apps;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{Credentials, GitHttp, Repository};
use serde_json::{Value, json};

const HOST: &str = "steady.example.test";

/// Deploys an app that cannot become live, and gives the failure.
async fn failure(api: &Api, environment: &str, name: &str, app: Value) -> (Value, String) {
    let made = api
        .post(&format!("/environments/{environment}/apps"), app)
        .await;
    let service = id_of(&made.expect(201));
    let ended = api.deploy(&service).await;
    assert_eq!(ended["status"], "failed", "{name}: {ended:#}");
    let log = api
        .text(&format!("/deployments/{}/log", id_of(&ended)))
        .await;
    (ended["failure"].clone(), log)
}

fn git_app(name: &str, url: &str) -> Value {
    json!({
        "name": name,
        "source": { "git": { "url": url, "branch": "main" } },
        "build": { "dockerfile": { "path": "Dockerfile", "context": "." } },
        "port": 8080,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_explained_and_changes_nothing() {
    let longshore = Longshore::start().await;
    let weak = [
        "user",
        "create",
        "--email",
        "eve@example.org",
        "--password-stdin",
    ];
    let weak = longshore.command(&weak, "12345678");
    assert!(!weak.status.success());
    assert!(
        String::from_utf8_lossy(&weak.stderr).contains("assword"),
        "{weak:?}"
    );

    let api = longshore.api();
    let greeter = apps::greeter("steady");
    let git = GitHttp::start(greeter.root()).await;
    let environment = api.project("Steady").await;
    let service = api
        .app(&environment, "steady", &git.url("greeter"), apps::PORT)
        .await;
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;

    requests(&api, &environment, &service, &git.url("greeter")).await;
    deployments(&api, &environment, &git, &greeter).await;

    let large = reqwest::Client::new()
        .post(format!("{}/api/v1/projects", longshore.url()))
        .header("content-type", "application/json")
        .body(vec![b' '; 50 * 1024 * 1024])
        .send()
        .await;
    // The server may answer and close before it has taken all of it.
    if let Ok(answer) = large {
        let status = answer.status().as_u16();
        assert!(matches!(status, 401 | 413), "{status}");
    }
    longshore.shows(HOST, "greeter steady").await;
}

async fn requests(api: &Api, environment: &str, service: &str, url: &str) {
    let apps = format!("/environments/{environment}/apps");
    api.post("/projects", json!({ "name": "Steady" }))
        .await
        .refuses(409, "name");
    api.post(&apps, git_app("steady", url))
        .await
        .refuses(409, "name");
    for name in [
        "a;b".to_owned(),
        "$(id)".to_owned(),
        "a{b}".to_owned(),
        "it's".to_owned(),
        "say \"hi\"".to_owned(),
        "two\nlines".to_owned(),
        "x".repeat(300),
        String::new(),
    ] {
        api.post(&apps, git_app(&name, url))
            .await
            .refuses(422, "name");
    }
    for (field, url) in [
        ("url", "file:///etc"),
        ("url", "--upload-pack=touch /tmp/x"),
        ("url", "https://user:password@example.org/app.git"),
        ("url", "not a url"),
    ] {
        api.post(&apps, git_app("bad-url", url))
            .await
            .refuses(422, field);
    }
    for path in ["../Dockerfile", "/etc/passwd", "a/../../b"] {
        let mut app = git_app("bad-path", url);
        app["build"]["dockerfile"]["path"] = json!(path);
        api.post(&apps, app).await.refuses(422, "path");
        let mut app = git_app("bad-context", url);
        app["build"]["dockerfile"]["context"] = json!(path);
        api.post(&apps, app).await.refuses(422, "context");
    }
    let mut app = git_app("bad-port", url);
    app["port"] = json!(70_000);
    api.post(&apps, app).await.refuses(422, "port");
    let mut app = git_app("bad-branch", url);
    app["source"]["git"]["branch"] = json!("-x;y");
    api.post(&apps, app).await.refuses(422, "branch");

    let variables = format!("/services/{service}/variables");
    let bad = json!({ "variables": { "1 BAD=": "x" } });
    api.put(&variables, bad).await.refuses(422, "variables");
    let domains = format!("/services/{service}/domains");
    let bad = json!({ "host": "a b`) || Host(`x", "tls": "none" });
    api.post(&domains, bad).await.refuses(422, "host");

    // A domain that another service has.
    let other = api.app(environment, "other", url, apps::PORT).await;
    let taken = json!({ "host": HOST, "tls": "none" });
    let domains = format!("/services/{other}/domains");
    api.post(&domains, taken).await.refuses(409, "host");

    let nothing = "00000000-0000-7000-8000-000000000000";
    api.get(&format!("/services/{nothing}/variables"))
        .await
        .refuses(404, "");
    api.get(&format!("/deployments/{nothing}"))
        .await
        .refuses(404, "");
}

async fn deployments(api: &Api, environment: &str, git: &GitHttp, greeter: &Repository) {
    let missing = git_app("no-repository", &git.url("nothing-here"));
    let (failure_found, _) = failure(api, environment, "no repository", missing).await;
    assert_eq!(failure_found["stage"], "fetching", "{failure_found:#}");

    let credentials = Credentials {
        user: "token".to_owned(),
        password: "s3cret".to_owned(),
    };
    let private = GitHttp::start_private(greeter.root(), &credentials).await;
    let locked = git_app("private", &private.url("greeter"));
    let (failure_found, _) = failure(api, environment, "needs credentials", locked).await;
    assert_eq!(failure_found["stage"], "fetching", "{failure_found:#}");

    let mut no_branch = git_app("no-branch", &git.url("greeter"));
    no_branch["source"]["git"]["branch"] = json!("nowhere");
    let (failure_found, _) = failure(api, environment, "no such branch", no_branch).await;
    assert!(
        failure_found["message"].to_string().contains("nowhere"),
        "{failure_found:#}"
    );

    let broken = Repository::new("broken")
        .file(
            "Dockerfile",
            "FROM busybox:latest\nRUN echo before && exit 7\n",
        )
        .file(
            "Listens",
            "FROM busybox:latest\nCMD [\"sleep\", \"1000\"]\n",
        );
    broken.link("Escape", "/etc/passwd");
    broken.commit("Broken");
    let server = GitHttp::start(broken.root()).await;
    let url = server.url("broken");
    let (failure_found, log) =
        failure(api, environment, "a failing step", git_app("step", &url)).await;
    assert_eq!(failure_found["stage"], "building", "{failure_found:#}");
    assert!(failure_found.to_string().contains('7'), "{failure_found:#}");
    assert!(log.contains("before"), "{log}");

    let mut escape = git_app("escape", &url);
    escape["build"]["dockerfile"]["path"] = json!("Escape");
    let (failure_found, log) = failure(api, environment, "a link outside", escape).await;
    assert!(!log.contains("root:x:0:0"), "{log}");
    assert!(
        !failure_found["message"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
    );

    let mut deaf = git_app("deaf", &url);
    deaf["build"]["dockerfile"]["path"] = json!("Listens");
    let (failure_found, _) = failure(api, environment, "nobody listens", deaf).await;
    let stage = failure_found["stage"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        matches!(stage.as_str(), "starting" | "verifying"),
        "{failure_found:#}"
    );
}
