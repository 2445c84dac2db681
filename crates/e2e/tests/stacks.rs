//! Stacks through the API: Compose files, typed in and from Git, run as they stand.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::longshore::Longshore;
use longshore_testkit::apps::ECHO;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::load::Load;
use longshore_testkit::wait;
use serde_json::{Value, json};

const HOST: &str = "shop.example.test";
const PATIENCE: Duration = Duration::from_secs(60);

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output();
    let output = output.expect("docker");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The healthy container of a component.
fn container(longshore: &Longshore, component: &Value) -> String {
    let service = component["name"].as_str().expect("a name");
    let stack = longshore.instance();
    let found = docker(&[
        "ps",
        "-q",
        "--filter",
        &format!("label={stack}.stack"),
        "--filter",
        &format!("name=-{service}-"),
    ]);
    assert_eq!(found.lines().count(), 1, "{service}: {found}");
    found
}

async fn components(api: &Api, stack: &str) -> Vec<Value> {
    let list = api.get(&format!("/services/{stack}/components")).await;
    list.expect(200)["items"]
        .as_array()
        .expect("a list")
        .clone()
}

async fn component(api: &Api, stack: &str, name: &str) -> Value {
    let all = components(api, stack).await;
    let found = all.iter().find(|component| component["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {all:#?}"))
        .clone()
}

async fn log_of(api: &Api, deployment: &Value) -> String {
    let id = id_of(deployment);
    api.text(&format!("/deployments/{id}/log")).await
}

async fn domain(api: &Api, stack: &str, host: &str, component: &str, port: u16) {
    let domain = json!({ "host": host, "tls": "none", "component": component, "port": port });
    let path = format!("/services/{stack}/domains");
    api.post(&path, domain).await.expect(201);
}

async fn typed(api: &Api, environment: &str, name: &str, compose: &str) -> String {
    let path = format!("/environments/{environment}/stacks");
    let body = json!({ "name": name, "compose": compose });
    let made = api.post(&path, body).await.expect(201);
    assert_eq!(made["kind"], "stack");
    id_of(&made)
}

const TYPED: &str = r#"
services:
  web:
    image: busybox
    command: [sh, -c, "mkdir /www && echo \"$$GREETING from $${HOSTNAME:+a container}\" > /www/index.html && exec httpd -f -p 8080 -h /www"]
    environment:
      GREETING: ${GREETING:-nothing}
    ports: ["127.0.0.1:3000:8080"]
    depends_on:
      setup: {condition: service_completed_successfully}
    configs: [{source: motd, target: /etc/motd}]
  setup:
    image: busybox
    command: [sh, -c, "echo set up; touch /data/done"]
    volumes: ["data:/data"]
configs:
  motd:
    content: "${GREETING}"
volumes:
  data: {name: explicit_name}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_in_file_runs_and_answers_and_is_removed() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Typed").await;
    let stack = typed(&api, &environment, "shop", TYPED).await;
    let greeting = "Grüße \"quoted\" $HOME ${X} 'and' 😀";
    let variables = json!({ "variables": { "GREETING": greeting } });
    api.put(&format!("/services/{stack}/variables"), variables)
        .await
        .expect(200);
    domain(&api, &stack, HOST, "web", 8080).await;
    let deployment = api.deploy_live(&stack).await;
    let log = log_of(&api, &deployment).await;
    assert!(log.contains("setup | set up"), "{log}");
    assert!(
        log.contains("services.web.ports.published is ignored"),
        "{log}"
    );
    longshore.shows(HOST, greeting).await;

    let setup = component(&api, &stack, "setup").await;
    assert_eq!(
        (&setup["runs_once"], &setup["replicas"]),
        (&json!(true), &json!(0))
    );
    let web = component(&api, &stack, "web").await;
    assert_eq!(web["running"], 1, "{web:#}");
    let motd = docker(&["exec", &container(&longshore, &web), "cat", "/etc/motd"]);
    assert_eq!(motd, greeting);
    let log = api
        .text(&format!("/services/{stack}/log?component=web"))
        .await;
    assert!(!log.contains("setup |"), "{log}");

    // What did not change goes on; what runs once runs again.
    let before = container(&longshore, &web);
    let again = api.deploy_live(&stack).await;
    let log = log_of(&api, &again).await;
    assert!(log.contains("Nothing changed for web"), "{log}");
    assert_eq!(container(&longshore, &web), before);
    assert_eq!(component(&api, &stack, "web").await["number"], 1);

    // Stopped and started.
    for (verb, count) in [("stop", 0), ("start", 1)] {
        api.post(&format!("/services/{stack}/{verb}"), json!({}))
            .await
            .expect(202);
        wait::until(verb, PATIENCE, || async {
            let web = component(&api, &stack, "web").await;
            (web["running"] == count).then_some(())
        })
        .await;
    }

    let label = format!("label={}.owned", longshore.instance());
    api.delete(
        &format!("/services/{stack}?volumes=true&confirm=shop"),
        json!({}),
    )
    .await
    .expect(204);
    wait::until("the removal", PATIENCE, || async {
        let networks = docker(&[
            "network",
            "ls",
            "-q",
            "--filter",
            &format!("label={}.stack", longshore.instance()),
        ]);
        let volumes = docker(&["volume", "ls", "-q", "--filter", &label]);
        let services = docker(&["service", "ls", "-q", "--filter", &label]);
        (networks + &volumes + &services).is_empty().then_some(())
    })
    .await;
    assert_eq!(longshore.visit(HOST, "/").await.0, 404);
}

/// A law practice's application in small: a web server and a worker that are built here,
/// PostgreSQL with a file of the repository, Redis; settings in a file that is not committed.
const PRACTICE: &str = r#"
services:
  web:
    build:
      context: .
      dockerfile: web/Dockerfile
      args: {BASE: "${BASE_IMAGE:-python:3.11}"}
    container_name: practice-web
    env_file: .env
    environment:
      VERSION: ${VERSION:?say which version}
    ports: ["127.0.0.1:3000:8080"]
    volumes: ["./logs:/app/logs"]
    depends_on:
      db: {condition: service_healthy}
      cache: {condition: service_started}
      migrate: {condition: service_completed_successfully}
    healthcheck:
      test: [CMD-SHELL, "python3 -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:8080/\")'"]
      interval: 1s
      timeout: 5s
      start_period: 20s
      start_interval: 1s
    extra_hosts: ["host.docker.internal:host-gateway"]
    shm_size: 128mb
    restart: unless-stopped
    logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
    deploy:
      resources: {limits: {memory: 256M}, reservations: {memory: 32M}}
  migrate:
    image: postgres:15
    command: ["psql", "-h", "db", "-U", "postgres", "-f", "/migrations/01.sql"]
    volumes: ["./db/migrations:/migrations:ro"]
    environment: {PGPASSWORD: "${DB_PASSWORD:-law}"}
    depends_on: {db: {condition: service_healthy}}
  db:
    image: postgres:15
    environment: {POSTGRES_PASSWORD: "${DB_PASSWORD:-law}", TZ: UTC}
    volumes:
      - pg_data:/var/lib/postgresql/data
      - ./db/migrations:/docker-entrypoint-initdb.d:ro
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
      interval: 1s
      retries: 60
    shm_size: 64mb
  cache:
    image: redis:7
    command: redis-server --appendonly yes --maxmemory 64mb --maxmemory-policy allkeys-lru
    volumes: ["cache:/data"]
  tools:
    image: busybox
    profiles: [tools]
volumes:
  pg_data: {name: law_pg_data}
  cache:
networks:
  default: {driver: bridge}
"#;

fn practice(version: &str) -> Repository {
    let repository = Repository::new("practice")
        .file("docker-compose.yml", PRACTICE)
        .file("web/app.py", ECHO)
        .file("web/version", version)
        .file(
            "web/Dockerfile",
            "ARG BASE\nFROM ${BASE}\nCOPY web/app.py web/version /\nENV PYTHONUNBUFFERED=1\nCMD [\"python3\", \"/app.py\"]\n",
        )
        .file("logs/.gitkeep", "")
        .file("db/migrations/01.sql", "create table if not exists law (id int primary key);\n\
             insert into law values (1), (2) on conflict do nothing;\n\
             select 'migrated ' || count(*) from law;\n");
    repository.commit("Version one");
    repository
}

async fn put_version(api: &Api, stack: &str, version: &str) {
    let variables = json!({ "variables": { "VERSION": version, "FROM_FILE": "a \"b\" $c" } });
    let path = format!("/services/{stack}/variables");
    api.put(&path, variables).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_from_git_switches_without_failed_requests_and_keeps_what_did_not_change() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let repository = practice("one");
    let git = GitHttp::start(repository.root()).await;
    let environment = api.project("Practice").await;
    let path = format!("/environments/{environment}/stacks");
    let source = json!({ "git": { "url": git.url("practice"), "branch": "main" } });
    let body =
        json!({ "name": "practice", "source": source, "compose_path": "docker-compose.yml" });
    let stack = id_of(&api.post(&path, body).await.expect(201));

    // What is required is asked for.
    let failed = api.deploy(&stack).await;
    assert_eq!(
        failed["failure"]["kind"], "specification_invalid",
        "{failed:#}"
    );
    assert!(
        failed["failure"]["message"]
            .to_string()
            .contains("say which version"),
        "{failed:#}"
    );

    put_version(&api, &stack, "one").await;
    domain(&api, &stack, HOST, "web", 8080).await;
    let first = api.deploy_live(&stack).await;
    let log = log_of(&api, &first).await;
    assert!(log.contains("migrated 2"), "{log}");
    assert!(log.contains("it is the volume bind-logs"), "{log}");
    longshore.shows(HOST, "one").await;
    let web = container(&longshore, &component(&api, &stack, "web").await);
    let says = |script: &str| docker(&["exec", &web, "sh", "-c", script]);
    assert_eq!(says("printenv FROM_FILE"), "a \"b\" $c");
    assert_eq!(says("df -m /dev/shm | tail -1 | awk '{print $2}'"), "128");
    assert!(says("grep host.docker.internal /etc/hosts").contains("172."));
    assert_eq!(
        docker(&["inspect", "-f", "{{.HostConfig.Memory}}", &web]),
        "268435456"
    );
    assert!(
        components(&api, &stack)
            .await
            .iter()
            .all(|one| one["name"] != "tools")
    );

    // Another web under load: the database stays, nobody notices.
    let (db, cache) = (
        container(&longshore, &component(&api, &stack, "db").await),
        container(&longshore, &component(&api, &stack, "cache").await),
    );
    repository.write("web/version", "two");
    repository.commit("Version two");
    put_version(&api, &stack, "two").await;
    let load = Load::requests(longshore.http_port(), HOST, 50).start();
    let second = api.deploy_live(&stack).await;
    longshore.shows(HOST, "two").await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let report = load.stop().await;
    assert_eq!(report.failures(), 0, "{:?}", report.reasons);
    eprintln!(
        "{} requests, none failed, p99 {:?}",
        report.answered,
        report.percentile(0.99)
    );
    assert_eq!(
        container(&longshore, &component(&api, &stack, "db").await),
        db
    );
    assert_eq!(
        container(&longshore, &component(&api, &stack, "cache").await),
        cache
    );
    assert_eq!(component(&api, &stack, "db").await["number"], 2);
    assert_eq!(
        component(&api, &stack, "web").await["number"],
        second["number"]
    );

    // One that does not start leaves the old version serving, and is named.
    let good = std::fs::read_to_string(repository.path().join("web/app.py")).expect("the app");
    repository.write("web/app.py", "import sys; sys.exit('no such law')\n");
    repository.commit("Broken");
    let broken = api.deploy(&stack).await;
    assert_eq!(broken["status"], "failed");
    let message = broken["failure"]["message"].to_string();
    assert!(message.starts_with("\"web: "), "{message}");
    let log = log_of(&api, &broken).await;
    assert!(log.contains("no such law"), "{log}");
    longshore.shows(HOST, "two").await;
    assert_eq!(
        container(&longshore, &component(&api, &stack, "db").await),
        db
    );
    repository.write("web/app.py", &good);
    repository.commit("Mended");

    // Back to the first, without a build.
    let path = format!("/services/{stack}/rollback");
    let back = api
        .post(&path, json!({ "deployment": id_of(&first) }))
        .await
        .expect(202);
    let id = id_of(&back);
    wait::until("the rollback", PATIENCE, || async {
        let shown = api.get(&format!("/deployments/{id}")).await.body;
        assert_ne!(shown["status"], "failed", "{shown:#}");
        (shown["status"] == "live").then_some(())
    })
    .await;
    longshore.shows(HOST, "one").await;
    let log = api.text(&format!("/deployments/{id}/log")).await;
    assert!(!log.contains("COPY web/app.py"), "{log}");
    assert_eq!(
        container(&longshore, &component(&api, &stack, "db").await),
        db
    );

    // Restarted as a whole.
    api.post(&format!("/services/{stack}/restart"), json!({}))
        .await
        .expect(202);
    wait::until("new containers", PATIENCE, || async {
        let found = docker(&[
            "ps",
            "-q",
            "--no-trunc",
            "--filter",
            "name=-db-",
            "--filter",
            "health=healthy",
        ]);
        (!found.is_empty() && !found.starts_with(&db)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_end_with_a_sentence_and_change_nothing() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Hostile").await;
    let mut bomb = "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for step in 1..12 {
        let before = step - 1;
        let aliases = vec![format!("*a{before}"); 9].join(",");
        writeln!(bomb, "x-{step}: &a{step} [{aliases}]").expect("a line");
    }
    bomb += "services:\n  web:\n    image: busybox\n    command: *a11\n";
    let web = |fields: &str| format!("services:\n  web:\n    image: busybox\n{fields}");
    let cases = [
        (bomb, "Compose file"),
        (web("    env_file: /etc/shadow\n"), "refused"),
        (web("    env_file: ../../../../etc/shadow\n"), "refused"),
        (
            "include: [/etc/passwd]\nservices: {}\n".to_owned(),
            "refused",
        ),
        (
            "include: ['https://example.org/compose.yml']\nservices: {}\n".to_owned(),
            "refused",
        ),
        (
            web("    extends: {file: /proc/self/environ, service: x}\n"),
            "refused",
        ),
        (web("    privileged: true\n"), "services.web.privileged"),
        (web("    network_mode: host\n"), "services.web.network_mode"),
        (web("    volumes: ['/:/host']\n"), "binds /"),
        (
            web("    volumes: ['/var/run/docker.sock:/s']\n"),
            "docker.sock",
        ),
        (web("    volumes: ['/etc/ssl:/s']\n"), "/etc/ssl"),
        (
            web(
                "    volumes: ['vol:/s']\nvolumes:\n  vol: {driver: local, driver_opts: {type: none, o: bind, device: /var/run}}\n",
            ),
            "volumes.vol.driver_opts",
        ),
        ("services: [\n".to_owned(), "refused"),
        (
            "services: {web: {image: busybox, teleport: 1}}".to_owned(),
            "teleport",
        ),
    ];
    let stack = typed(&api, &environment, "hostile", &cases[0].0).await;
    for (text, words) in &cases {
        let path = format!("/services/{stack}/stack");
        api.patch(&path, json!({ "compose": text }))
            .await
            .expect(200);
        let ended = api.deploy(&stack).await;
        let failure = &ended["failure"];
        assert_eq!(
            failure["kind"], "specification_invalid",
            "{text}\n{ended:#}"
        );
        let message = failure["message"].as_str().expect("a message");
        assert!(message.contains(words), "{words} is not in: {message}");
        assert!(
            !message.contains("root:") && !message.contains("goroutine"),
            "{message}"
        );
        eprintln!("{message}");
    }

    // From a repository: links and files that lead out.
    let repository = Repository::new("sneaky")
        .file(
            "a.yml",
            "services:\n  web:\n    image: busybox\n    env_file: passwd\n",
        )
        .file(
            "b.yml",
            "services:\n  web:\n    image: busybox\n    volumes: ['./passwd:/x:ro']\n",
        )
        .file("c.yml", "include: [../../../etc/x.yml]\nservices: {}\n");
    repository.link("passwd", "/etc/passwd");
    repository.link("d.yml", "/etc/passwd");
    repository.commit("Sneak");
    let git = GitHttp::start(repository.root()).await;
    for file in ["a.yml", "b.yml", "c.yml", "d.yml"] {
        let source = json!({ "git": { "url": git.url("sneaky"), "branch": "main" } });
        let patch = json!({ "source": source, "compose_path": file });
        let path = format!("/services/{stack}/stack");
        api.patch(&path, patch).await.expect(200);
        let ended = api.deploy(&stack).await;
        assert_eq!(
            ended["failure"]["kind"], "specification_invalid",
            "{file}: {ended:#}"
        );
        let message = ended["failure"]["message"].to_string();
        assert!(!message.contains("root:"), "{message}");
        eprintln!("{file}: {message}");
    }
    let label = format!("label={}.stack", longshore.instance());
    assert_eq!(docker(&["service", "ls", "-q", "--filter", &label]), "");
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]), "");
}

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
