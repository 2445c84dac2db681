//! Stacks through the API: Compose files, typed in and from Git, run as they stand.

use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_e2e::stacks::{component, components, container, containers, domain, log_of, typed};
use longshore_testkit::apps::ECHO;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::load::Load;
use longshore_testkit::wait;
use serde_json::json;

const HOST: &str = "shop.example.test";
const PATIENCE: Duration = Duration::from_secs(60);

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
    // The load goes on until the old version has drained and is gone.
    wait::until("one web", PATIENCE, || async {
        (containers(&longshore, "web").lines().count() == 1).then_some(())
    })
    .await;
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
