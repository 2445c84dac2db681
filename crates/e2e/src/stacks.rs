//! Stacks through the API.

use serde_json::{Value, json};

use crate::api::{Api, id_of};
use crate::faults::docker;
use crate::longshore::Longshore;

/// The healthy container of a component.
pub fn container(longshore: &Longshore, component: &Value) -> String {
    let service = component["name"].as_str().expect("a name");
    let found = containers(longshore, service);
    assert_eq!(found.lines().count(), 1, "{service}: {found}");
    found
}

/// The containers of all components with such a name, one a line.
pub fn containers(longshore: &Longshore, service: &str) -> String {
    let stack = longshore.instance();
    docker(&[
        "ps",
        "-q",
        "--filter",
        &format!("label={stack}.stack"),
        "--filter",
        &format!("name=-{service}-"),
    ])
}

/// What the API tells of a stack's components.
pub async fn components(api: &Api, stack: &str) -> Vec<Value> {
    let list = api.get(&format!("/services/{stack}/components")).await;
    list.expect(200)["items"]
        .as_array()
        .expect("a list")
        .clone()
}

/// The same of one of them.
pub async fn component(api: &Api, stack: &str, name: &str) -> Value {
    let all = components(api, stack).await;
    let found = all.iter().find(|component| component["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {all:#?}"))
        .clone()
}

/// The log of a deployment.
pub async fn log_of(api: &Api, deployment: &Value) -> String {
    let id = id_of(deployment);
    api.text(&format!("/deployments/{id}/log")).await
}

/// Gives a component a domain without TLS.
pub async fn domain(api: &Api, stack: &str, host: &str, component: &str, port: u16) {
    let domain = json!({ "host": host, "tls": "none", "component": component, "port": port });
    let path = format!("/services/{stack}/domains");
    api.post(&path, domain).await.expect(201);
}

/// Makes a stack from a text.
pub async fn typed(api: &Api, environment: &str, name: &str, compose: &str) -> String {
    let path = format!("/environments/{environment}/stacks");
    let body = json!({ "name": name, "compose": compose });
    let made = api.post(&path, body).await.expect(201);
    assert_eq!(made["kind"], "stack");
    id_of(&made)
}
