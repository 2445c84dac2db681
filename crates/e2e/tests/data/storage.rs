//! What an app keeps: volumes, files with a text of their own, directories of the machine.

use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::wait;
use serde_json::{Value, json};

const HOST: &str = "storage.example.test";

/// How long what the reconciler does may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves a file of its settings and the number of its starts. It ends at once when another
/// container writes the volume.
const SCRIPT: &str = "mkdir /data/lock || exit 9; trap 'rmdir /data/lock; exit 0' TERM; \
    mkdir -p /www && echo x >> /data/starts && wc -l < /data/starts > /www/starts \
    && ln -s /etc/greeter/greeting.html /www/index.html && cp -r /media /www/media; \
    httpd -f -p 8080 -h /www & wait";

fn app(shared: bool, media: &str) -> Value {
    json!({
        "command": ["sh", "-c", SCRIPT],
        "release_command": ["sh", "-c", "cat /etc/greeter/greeting.html; ls /data || true"],
        "stop_grace_seconds": 1,
        "drain_seconds": 1,
        "watch_seconds": 0,
        "volumes": [{ "name": "data", "path": "/data", "shared": shared }],
        "files": [{ "path": "/etc/greeter/greeting.html", "content": "Hello ${{NAME}}, $HOME & ${{none}}\n" }],
        "binds": [{ "source": media, "path": "/media", "read_only": true }],
    })
}

async fn starts(longshore: &Longshore) -> String {
    let (_, text) = longshore.visit(HOST, "/starts").await;
    text.trim().to_owned()
}

fn volumes(longshore: &Longshore, service: &str) -> String {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["volume", "ls", "-q", "--filter", &label])
        .trim()
        .to_owned()
}

fn secrets(longshore: &Longshore, service: &str) -> usize {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["secret", "ls", "-q", "--filter", &label])
        .lines()
        .count()
}

async fn storage_of(api: &Api, list: &str, service: &str) -> Option<Value> {
    let storage = api.get("/storage").await.body;
    let mut found = storage[list].as_array().expect("a list").iter();
    found.find(|entry| entry["service"] == service).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_keeps_its_volume_and_each_version_its_files() {
    let media = tempfile::tempdir().expect("a folder");
    let media = media.path().canonicalize().expect("its path");
    std::fs::write(media.join("film"), "a film").expect("a file");
    std::os::unix::fs::symlink("/etc", media.join("sneaky")).expect("a link");
    let media = media.to_str().expect("a text").to_owned();
    let longshore = Longshore::start_with(&format!("bind_paths = [\"{media}\"]\n")).await;
    let api = longshore.api();
    let environment = api.project("Storage").await;
    let path = format!("/environments/{environment}/apps");
    let new = |run: Value| {
        json!({
            "name": "greeter",
            "source": { "image": { "reference": "busybox:latest" } },
            "port": 8080,
            "run": run,
        })
    };

    // Directories that nobody allowed are refused, and so are two containers of one writer.
    for bad in ["/etc", "/var/run/docker.sock", "/", "/tmp/../etc"] {
        let answer = api.post(&path, new(app(false, bad))).await;
        assert_eq!(answer.status, 422, "{bad}: {:#}", answer.body);
    }
    let mut two = app(false, &media);
    two["replicas"] = json!(2);
    api.post(&path, new(two)).await.refuses(422, "replicas");

    let service = id_of(&api.post(&path, new(app(false, &media))).await.expect(201));
    let variables = json!({ "variables": { "NAME": { "value": "Ada", "secret": true } } });
    let variables_path = format!("/services/{service}/variables");
    api.put(&variables_path, variables).await.expect(200);
    api.domain(&service, HOST).await;
    let first = api.deploy_live(&service).await;
    assert_eq!(first["strategy"], "recreate");
    longshore.shows(HOST, "Hello Ada, $HOME & ${{none}}").await;
    // The release command has the files, but not what the live version writes.
    let log = format!("/deployments/{}/log", id_of(&first));
    let log = api.text(&log).await;
    assert!(log.contains("/data: No such file"), "{log}");
    assert!(log.contains("$HOME & ${{none}}"), "{log}");
    assert_eq!(longshore.visit(HOST, "/media/film").await.1, "a film");
    assert_eq!(starts(&longshore).await, "1");

    // The data stays, and never has two containers: the script would end otherwise.
    let mut run = app(false, &media);
    run["files"][0]["content"] = json!("Goodbye ${{NAME}}\n");
    let update = format!("/services/{service}");
    api.patch(&update, json!({ "run": run })).await.expect(200);
    api.deploy_live(&service).await;
    longshore.shows(HOST, "Goodbye Ada").await;
    assert_eq!(starts(&longshore).await, "2");
    // A version's file comes back with it.
    let back = format!("/services/{service}/rollback");
    let body = json!({ "deployment": id_of(&first) });
    let back = id_of(&api.post(&back, body).await.body);
    wait::until("the rollback", PATIENCE, || async {
        let shown = api.get(&format!("/deployments/{back}")).await.body;
        (shown["status"] == "live").then_some(())
    })
    .await;
    longshore.shows(HOST, "Hello Ada").await;
    assert_eq!(starts(&longshore).await, "3");
    wait::until("the files of old versions to go", PATIENCE, || async {
        (secrets(&longshore, &service) == 1).then_some(())
    })
    .await;

    // With a shared volume the new version starts beside the old one, which this app cannot.
    let shared = json!({ "run": app(true, &media) });
    api.patch(&update, shared).await.expect(200);
    let failed = api.deploy(&service).await;
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert_eq!(failed["strategy"], "blue_green");
    assert_eq!(longshore.visit(HOST, "/").await.0, 200);

    // A link out of what is allowed is found by the agent, before anything is stopped.
    let sneaky = json!({ "run": app(false, &format!("{media}/sneaky")) });
    api.patch(&update, sneaky).await.expect(200);
    let failed = api.deploy(&service).await;
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert!(
        failed["failure"].to_string().contains("must lie in"),
        "{failed:#}"
    );
    assert_eq!(longshore.visit(HOST, "/").await.0, 200);

    // What is where, and how large.
    let shown = storage_of(&api, "services", &service).await.expect("it");
    let volume = &shown["volumes"][0];
    assert_eq!(volume["path"], "/data");
    assert_eq!(volume["containers"], 1);
    assert!(volume["size_bytes"].as_u64().expect("a size") > 0);

    // Deleted without its data, which is listed and goes when its name is typed.
    let kept = volumes(&longshore, &service);
    assert!(kept.ends_with("-data"), "{kept}");
    let confirm = json!({ "confirm": "greeter" });
    api.delete(&update, confirm.clone()).await.expect(204);
    let entry = wait::until("the kept data", PATIENCE, || {
        storage_of(&api, "kept", &service)
    })
    .await;
    assert_eq!(entry["name"], "greeter");
    assert_eq!(entry["volumes"][0]["name"], "data");
    assert_eq!(volumes(&longshore, &service), kept);
    assert_eq!(secrets(&longshore, &service), 0);
    let path = format!("/storage/kept/{service}");
    let wrong = json!({ "confirm": "other" });
    api.delete(&path, wrong).await.refuses(422, "name");
    api.delete(&path, confirm).await.expect(204);
    wait::until("the volume's removal", PATIENCE, || async {
        volumes(&longshore, &service).is_empty().then_some(())
    })
    .await;
    assert!(storage_of(&api, "kept", &service).await.is_none());
}
