//! A program that makes records as it is told, as the `httpreq` provider of lego speaks to it.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{NameServer, serve};

/// What it does with a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::certificates) enum Mood {
    Obeys,
    Refuses,
    /// Makes the record and does not answer.
    Hangs,
}

pub(in crate::certificates) struct Hook {
    pub(in crate::certificates) mood: Mutex<Mood>,
    /// Verb, name and header of authorization of each call.
    pub(in crate::certificates) calls: Mutex<Vec<(String, String, String)>>,
    name_server: NameServer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    fqdn: String,
    value: String,
}

impl Hook {
    /// Gives its base address, too.
    pub(in crate::certificates) async fn start(name_server: NameServer) -> (Arc<Self>, String) {
        let hook = Arc::new(Self {
            mood: Mutex::new(Mood::Obeys),
            calls: Mutex::default(),
            name_server,
        });
        let router = Router::new()
            .route("/dns/{verb}", post(obey))
            .with_state(hook.clone());
        let address = serve(router).await;
        (hook, format!("http://{address}/dns"))
    }
}

async fn obey(
    State(hook): State<Arc<Hook>>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> (StatusCode, &'static str) {
    let shown = headers["authorization"].to_str().unwrap().to_owned();
    let name = body.fqdn.strip_suffix('.').expect("a full name").to_owned();
    let call = (verb.clone(), name.clone(), shown);
    hook.calls.lock().unwrap().push(call);
    let mood = *hook.mood.lock().unwrap();
    if mood == Mood::Refuses {
        let told = "an answer that only this machine may see";
        return (StatusCode::INTERNAL_SERVER_ERROR, told);
    }
    match verb.as_str() {
        "present" => hook.name_server.add_text(&name, &body.value),
        "cleanup" => hook.name_server.remove_text(&name, &body.value),
        _ => return (StatusCode::NOT_FOUND, ""),
    }
    if mood == Mood::Hangs && verb == "present" {
        std::future::pending::<()>().await;
    }
    (StatusCode::OK, "")
}
