//! Cloudflare's API, version 4, as it is documented: as much of it as records need.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::NameServer;
use super::serve;

pub(super) const TOKEN: &str = "v4oXb2_Zr8-1cQ9e0yTnLkMuJhGfDsApWqEiRtYu";

/// What each call is answered with instead.
#[derive(Clone)]
pub(super) enum Mood {
    Usual,
    Answer(u16, String),
    Silent,
}

pub(super) struct Api {
    /// Name, id and status.
    zones: Vec<(&'static str, &'static str, &'static str)>,
    records: Mutex<Vec<Value>>,
    pub(super) mood: Mutex<Mood>,
    /// Methods and paths, in order.
    pub(super) calls: Mutex<Vec<String>>,
    /// The most entries that it puts on a page.
    page: usize,
    name_server: NameServer,
    made: Mutex<usize>,
}

#[derive(Deserialize)]
struct Asked {
    name: String,
    r#type: Option<String>,
    page: usize,
    per_page: usize,
}

impl Api {
    /// Serves these zones; gives its base address.
    pub(super) async fn start(
        zones: &[(&'static str, &'static str, &'static str)],
        page: usize,
        name_server: NameServer,
    ) -> (Arc<Self>, String) {
        let api = Arc::new(Self {
            zones: zones.to_vec(),
            records: Mutex::default(),
            mood: Mutex::new(Mood::Usual),
            calls: Mutex::default(),
            page,
            name_server,
            made: Mutex::default(),
        });
        let router = Router::new()
            .route("/client/v4/zones", get(list_zones))
            .route(
                "/client/v4/zones/{zone}/dns_records",
                get(list_records).post(make_record),
            )
            .route(
                "/client/v4/zones/{zone}/dns_records/{id}",
                delete(delete_record),
            )
            .layer(from_fn_with_state(api.clone(), guard))
            .with_state(api.clone());
        let address = serve(router).await;
        (api, format!("http://{address}/client/v4"))
    }

    pub(super) fn contents(&self) -> Vec<String> {
        let records = self.records.lock().unwrap();
        let contents = records.iter().map(|record| record["content"].as_str());
        contents
            .map(|content| content.unwrap().to_owned())
            .collect()
    }

    fn paged(&self, asked: &Asked, all: Vec<Value>) -> Json<Value> {
        let page = self.page.min(asked.per_page);
        let (count, pages) = (all.len(), all.len().div_ceil(page));
        let part: Vec<Value> = all
            .into_iter()
            .skip((asked.page - 1) * page)
            .take(page)
            .collect();
        Json(json!({
            "success": true, "errors": [], "messages": [],
            "result_info": {
                "page": asked.page, "per_page": page, "count": part.len(),
                "total_count": count, "total_pages": pages,
            },
            "result": part,
        }))
    }
}

fn refusal(status: StatusCode, code: i64, message: &str) -> Response {
    let errors = json!([{ "code": code, "message": message }]);
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    (status, Json(body)).into_response()
}

async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let call = format!("{} {}", request.method(), request.uri());
    api.calls.lock().unwrap().push(call);
    let mood = api.mood.lock().unwrap().clone();
    match mood {
        Mood::Silent => std::future::pending().await,
        Mood::Answer(status, body) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [("location", "http://192.0.2.1/")], body).into_response()
        }
        Mood::Usual => {
            let shown = request.headers().get("authorization");
            if shown.is_none_or(|shown| shown != &format!("Bearer {TOKEN}")) {
                return refusal(StatusCode::FORBIDDEN, 9109, "Invalid access token");
            }
            next.run(request).await
        }
    }
}

async fn list_zones(State(api): State<Arc<Api>>, Query(asked): Query<Asked>) -> Json<Value> {
    let zones = api.zones.iter().filter(|(name, _, _)| *name == asked.name);
    let zones = zones.map(|(name, id, status)| json!({ "id": id, "name": name, "status": status }));
    api.paged(&asked, zones.collect())
}

async fn list_records(
    State(api): State<Arc<Api>>,
    Path(zone): Path<String>,
    Query(asked): Query<Asked>,
) -> Json<Value> {
    assert_eq!(asked.r#type.as_deref(), Some("TXT"));
    let records = api.records.lock().unwrap().clone();
    let records = records
        .into_iter()
        .filter(|record| record["zone"] == zone && record["name"] == asked.name);
    api.paged(&asked, records.collect())
}

async fn make_record(
    State(api): State<Arc<Api>>,
    Path(zone): Path<String>,
    Json(mut record): Json<Value>,
) -> Response {
    let name = record["name"].as_str().unwrap().to_owned();
    let of_zone = api.zones.iter().find(|(_, id, _)| *id == zone);
    let is_inside = of_zone.is_some_and(|(zone, _, _)| name.ends_with(&format!(".{zone}")));
    if !is_inside || record["type"] != "TXT" || record["ttl"].as_u64().unwrap() < 60 {
        return refusal(StatusCode::BAD_REQUEST, 9005, "Content is invalid");
    }
    let content = record["content"].clone();
    let mut records = api.records.lock().unwrap();
    if records
        .iter()
        .any(|known| known["name"] == name && known["content"] == content)
    {
        let message = "An identical record already exists.";
        return refusal(StatusCode::BAD_REQUEST, 81058, message);
    }
    let mut made = api.made.lock().unwrap();
    *made += 1;
    record["id"] = format!("{:032x}", *made).into();
    record["zone"] = zone.into();
    records.push(record.clone());
    let text = content.as_str().unwrap().trim_matches('"');
    api.name_server.add_text(&name, text);
    Json(json!({ "success": true, "errors": [], "messages": [], "result": record })).into_response()
}

async fn delete_record(
    State(api): State<Arc<Api>>,
    Path((zone, id)): Path<(String, String)>,
) -> Response {
    let mut records = api.records.lock().unwrap();
    let found = records
        .iter()
        .position(|record| record["id"] == id && record["zone"] == zone);
    let Some(found) = found else {
        return refusal(StatusCode::NOT_FOUND, 81044, "Record does not exist.");
    };
    let gone = records.remove(found);
    let text = gone["content"].as_str().unwrap().trim_matches('"');
    api.name_server
        .remove_text(gone["name"].as_str().unwrap(), text);
    // As documented: without the word that all other answers have.
    Json(json!({ "result": { "id": id } })).into_response()
}
