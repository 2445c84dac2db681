//! What a component gets is what `docker compose` itself gives it.

use std::process::Command;

use longshore_e2e::api::id_of;
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_e2e::stacks::{component, components, container};
use longshore_testkit::git::{GitHttp, Repository};
use serde_json::{Value, json};

/// Values that get lost where somebody quotes them once too often or too seldom.
const AWKWARD: [(&str, &str); 8] = [
    ("LINES", "one\ntwo\r\n\tthree\n"),
    ("QUOTES", "it's \"quoted\" `here`"),
    ("DOLLARS", "$HOME ${X} $$ $1 ${Y:-z}"),
    ("EMOJI", "Grüße 😀"),
    ("JSON", r#"["https://a.example","b\\c"]"#),
    ("HASH", "a # b=c; d"),
    ("SPACES", "  both ends  "),
    ("EMPTY", ""),
];

const COMPARED: &str = r#"
services:
  one:
    image: busybox
    command: ["sh", "-c", "sleep 3600"]
    environment:
      - LINES
      - QUOTES=${QUOTES}
      - DOLLARS
      - EMOJI=<${EMOJI}>
      - JSON
      - HASH=${HASH}
      - SPACES
      - EMPTY
      - ABSENT
      - LITERAL=$$HOME and $${X}
      - DEFAULT=${NOBODY:-d "e" f}
    env_file: [shared.env]
    volumes:
      - data:/data
      - data:/again:ro
      - /anonymous
      - ./conf:/conf:ro
      - {type: tmpfs, target: /memory, tmpfs: {size: 1048576}}
    tmpfs: [/more]
    working_dir: /data
    user: "1000:1000"
    hostname: one-host
    init: true
    ulimits: {nofile: {soft: 1024, hard: 2048}}
    mem_limit: 64m
    stop_signal: SIGINT
    labels: {com.example.kept: "yes"}
    cap_drop: [CHOWN]
    sysctls: {net.core.somaxconn: 512}
volumes:
  data:
"#;

const SHARED_ENV: &str = "FROM_FILE='single $QUOTES'\nEXPANDED=\"<${EMOJI}>\"\nPLAIN=a b # c\n";

/// What the two must agree on.
fn inspected(container: &str) -> Value {
    let text = docker(&["inspect", container]);
    let inspected: Value = serde_json::from_str(&text).expect("JSON");
    let container = &inspected[0];
    let sorted = |list: &Value| {
        let mut list = list.as_array().cloned().unwrap_or_default();
        list.sort_by_key(ToString::to_string);
        list
    };
    let mounts = container["Mounts"].as_array().cloned().unwrap_or_default();
    let mounts: Vec<Value> = mounts
        .iter()
        .map(|mount| json!([mount["Type"], mount["Destination"], mount["RW"]]))
        .collect();
    let (config, host) = (&container["Config"], &container["HostConfig"]);
    let mut memory: Vec<String> = mounts
        .iter()
        .filter(|mount| mount[0] == "tmpfs")
        .map(|mount| mount[1].as_str().unwrap_or_default().to_owned())
        .chain(
            host["Tmpfs"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(place, _)| place.clone()),
        )
        .collect();
    memory.sort();
    memory.dedup();
    let lasting: Vec<Value> = mounts
        .into_iter()
        .filter(|mount| mount[0] != "tmpfs")
        .collect();
    json!({
        "env": sorted(&config["Env"]),
        "mounts": sorted(&Value::Array(lasting)),
        "memory": memory,
        "command": config["Cmd"],
        "directory": config["WorkingDir"],
        "user": config["User"],
        "hostname": config["Hostname"],
        "signal": config["StopSignal"],
        "kept": config["Labels"]["com.example.kept"],
        "init": host["Init"],
        "limits": host["Ulimits"],
        "memory_limit": host["Memory"],
        "sysctls": host["Sysctls"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_what_docker_compose_itself_would_give_it() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Compared").await;
    let repository = Repository::new("compared")
        .file("docker-compose.yml", COMPARED)
        .file("shared.env", SHARED_ENV)
        .file("conf/a.conf", "a = 1\n");
    repository.commit("All of it");
    let git = GitHttp::start(repository.root()).await;
    let path = format!("/environments/{environment}/stacks");
    let source = json!({ "git": { "url": git.url("compared"), "branch": "main" } });
    let stack = id_of(
        &api.post(&path, json!({ "name": "same", "source": source }))
            .await
            .expect(201),
    );
    let variables: serde_json::Map<String, Value> = AWKWARD
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    let path = format!("/services/{stack}/variables");
    api.put(&path, json!({ "variables": variables }))
        .await
        .expect(200);
    api.deploy_live(&stack).await;
    let ours = inspected(&container(
        &longshore,
        &component(&api, &stack, "one").await,
    ));

    let program = std::env::var_os("LONGSHORE_TEST_COMPOSE").expect("docker-compose");
    let project = format!("{}-compared", longshore.instance());
    let compose = |arguments: &[&str]| {
        let output = Command::new(&program)
            .args(["--project-name", &project])
            .args(arguments)
            .current_dir(repository.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(AWKWARD)
            .output()
            .expect("docker-compose");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    compose(&["up", "--detach", "--pull", "never"]);
    let theirs = inspected(&compose(&["ps", "--quiet", "one"]));
    compose(&["down", "--volumes", "--timeout", "0"]);
    assert_eq!(ours, theirs, "{ours:#}\n{theirs:#}");
}

/// What Compose works in before anything is read: other files, and who takes part.
const WORKED_IN: &str = r#"
version: "3.9"
include: [parts/worker.yml]
services:
  web:
    extends: {file: base.yml, service: base}
    env_file: [web.env]
    label_file: [web.labels]
  tool:
    extends: {file: base.yml, service: base}
    profiles: [tools]
  extra:
    extends: {file: base.yml, service: base}
    profiles: [extra]
"#;

const BASE: &str = "services:\n  base:\n    image: busybox\n    command: [sleep, '3600']\n    \
    stop_grace_period: 0s\n    environment: {BASE: 'yes'}\n";

const WORKER: &str = "services:\n  worker:\n    image: busybox\n    command: [sleep, '3600']\n    \
    stop_grace_period: 0s\n";

#[tokio::test(flavor = "multi_thread")]
async fn other_files_and_profiles_are_worked_in() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Worked in").await;
    let repository = Repository::new("parts")
        .file("docker-compose.yml", WORKED_IN)
        .file("base.yml", BASE)
        .file("parts/worker.yml", WORKER)
        .file("web.env", "FROM_FILE=${WHO} and more\n")
        .file("web.labels", "com.example.from=file\n");
    repository.commit("All of it");
    let git = GitHttp::start(repository.root()).await;
    let source = json!({ "git": { "url": git.url("parts"), "branch": "main" } });
    let path = format!("/environments/{environment}/stacks");
    let made = api.post(&path, json!({ "name": "parts", "source": source }));
    let stack = id_of(&made.await.expect(201));
    let variables = json!({ "variables": { "COMPOSE_PROFILES": "tools", "WHO": "ada" } });
    let path = format!("/services/{stack}/variables");
    api.put(&path, variables).await.expect(200);
    api.deploy_live(&stack).await;

    let all = components(&api, &stack).await;
    let mut names: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["tool", "web", "worker"]);
    let web = container(&longshore, &component(&api, &stack, "web").await);
    let seen = docker(&["inspect", "--format", "{{json .Config}}", &web]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let has = |line: &str| {
        seen["Env"]
            .as_array()
            .is_some_and(|env| env.contains(&json!(line)))
    };
    assert!(has("BASE=yes") && has("FROM_FILE=ada and more"), "{seen:#}");
    assert_eq!(seen["Labels"]["com.example.from"], "file");
}
