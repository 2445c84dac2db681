//! Stacks through the API: Compose files, typed in and from Git, run as they stand.

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
    list.expect(200)["items"].as_array().expect("a list").clone()
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
    assert!(log.contains("services.web.ports.published is ignored"), "{log}");
    longshore.shows(HOST, greeting).await;

    let setup = component(&api, &stack, "setup").await;
    assert_eq!((&setup["runs_once"], &setup["replicas"]), (&json!(true), &json!(0)));
    let web = component(&api, &stack, "web").await;
    assert_eq!(web["running"], 1, "{web:#}");
    let motd = docker(&["exec", &container(&longshore, &web), "cat", "/etc/motd"]);
    assert_eq!(motd, greeting);
    let log = api.text(&format!("/services/{stack}/log?component=web")).await;
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
        let networks = docker(&["network", "ls", "-q", "--filter", &format!("label={}.stack", longshore.instance())]);
        let volumes = docker(&["volume", "ls", "-q", "--filter", &label]);
        let services = docker(&["service", "ls", "-q", "--filter", &label]);
        (networks + &volumes + &services).is_empty().then_some(())
    })
    .await;
    assert_eq!(longshore.visit(HOST, "/").await.0, 404);
}
