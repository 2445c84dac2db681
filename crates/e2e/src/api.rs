//! A client of the JSON API, as `curl` is one.

use std::time::Duration;

use longshore_testkit::wait;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// The longest that a deployment of a tiny app may take on a busy machine.
const DEPLOYMENT_LIMIT: Duration = Duration::from_mins(4);

/// A client with a token.
pub struct Api {
    client: Client,
    url: String,
    token: String,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body; text when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// The body of an answer with that status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// Checks that this is a problem that a person can act on: the status, the field, some words.
    pub fn refuses(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        assert_eq!(self.content_type, "application/problem+json");
        let text = self.body.to_string();
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

impl Api {
    /// A client of the Longshore at that URL.
    pub fn new(url: &str, token: &str) -> Self {
        Self {
            client: Client::new(),
            url: url.to_owned(),
            token: token.to_owned(),
        }
    }

    /// `GET /api/v1<path>`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// `GET /api/v1<path>`; none when nothing, or no 200, comes back.
    pub async fn try_get(&self, path: &str) -> Option<Value> {
        let request = self
            .client
            .get(format!("{}/api/v1{path}", self.url))
            .bearer_auth(&self.token)
            .timeout(Duration::from_secs(5));
        let answer = request.send().await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }

    /// `GET /api/v1<path>` as plain text; none when nothing, or no 200, comes back.
    pub async fn try_text(&self, path: &str) -> Option<String> {
        let request = self
            .client
            .get(format!("{}/api/v1{path}", self.url))
            .bearer_auth(&self.token)
            .header("accept", "text/plain")
            .timeout(Duration::from_secs(5));
        let answer = request.send().await.ok()?;
        (answer.status() == StatusCode::OK).then_some(())?;
        answer.text().await.ok()
    }

    /// `POST /api/v1<path>`
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `PATCH /api/v1<path>`
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// `PUT /api/v1<path>`
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// `DELETE /api/v1<path>`
    pub async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, Some(body)).await
    }

    /// `GET /api/v1<path>` as plain text.
    pub async fn text(&self, path: &str) -> String {
        let answer = self
            .client
            .get(format!("{}/api/v1{path}", self.url))
            .bearer_auth(&self.token)
            .header("accept", "text/plain")
            .send()
            .await
            .expect("an answer");
        answer.text().await.expect("a text")
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Uploads an archive to a service.
    pub async fn upload(&self, service: &str, name: &str, archive: Vec<u8>) -> Answer {
        let url = format!("{}/api/v1/services/{service}/upload?name={name}", self.url);
        let request = self.client.put(url).bearer_auth(&self.token).body(archive);
        answer(request).await
    }

    /// Posts a webhook's delivery to an absolute URL or a path, with these headers.
    pub async fn deliver(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let path = url.find("/hooks/").map_or(url, |start| &url[start..]);
        let mut request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.url))
            .bearer_auth(&self.token)
            .timeout(DEPLOYMENT_LIMIT);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    /// Makes a project and gives the id of its first environment.
    pub async fn project(&self, name: &str) -> String {
        let project = self.post("/projects", json!({ "name": name })).await;
        id_of(&project.expect(201)["environments"][0])
    }

    /// Makes an app from a Git repository's branch `main` and its `Dockerfile`; gives its id.
    pub async fn app(&self, environment: &str, name: &str, url: &str, port: u16) -> String {
        let app = self
            .post(
                &format!("/environments/{environment}/apps"),
                json!({
                    "name": name,
                    "source": { "git": { "url": url, "branch": "main" } },
                    "build": { "dockerfile": { "path": "Dockerfile", "context": "." } },
                    "port": port,
                }),
            )
            .await;
        id_of(&app.expect(201))
    }

    /// Makes an app that serves files from archives that are uploaded, on port 8080; gives its
    /// id.
    pub async fn site(&self, environment: &str, name: &str) -> String {
        let path = format!("/environments/{environment}/apps");
        let app = json!({
            "name": name,
            "source": { "upload": {} },
            "build": { "static": {} },
            "port": 8080,
        });
        id_of(&self.post(&path, app).await.expect(201))
    }

    /// Makes a managed PostgreSQL and waits until it runs; gives its id.
    pub async fn postgres(&self, environment: &str, name: &str) -> String {
        let path = format!("/environments/{environment}/databases");
        let database = json!({ "name": name, "engine": "postgres" });
        let service = id_of(&self.post(&path, database).await.expect(201));
        let path = format!("/services/{service}");
        wait::until("a database", DEPLOYMENT_LIMIT, || async {
            let shown = self.try_get(&path).await?;
            assert_ne!(shown["status"], "failed", "{shown:#}");
            (shown["status"] == "running").then_some(())
        })
        .await;
        service
    }

    /// Sets all variables of a service.
    pub async fn variables(&self, service: &str, variables: Value) {
        let path = format!("/services/{service}/variables");
        let body = json!({ "variables": variables });
        self.put(&path, body).await.expect(200);
    }

    /// Routes a host to a service over plain HTTP.
    pub async fn domain(&self, service: &str, host: &str) {
        let path = format!("/services/{service}/domains");
        let domain = json!({ "host": host, "tls": "none" });
        self.post(&path, domain).await.expect(201);
    }

    /// Deploys and waits for the end; gives the deployment as it ended.
    pub async fn deploy(&self, service: &str) -> Value {
        let path = format!("/services/{service}/deployments?wait=true");
        let answer = self.post(&path, json!({})).await;
        assert!(answer.status.is_success(), "{:#}", answer.body);
        answer.body
    }

    /// The deployment at that path when it has ended; none when it has not within the limit.
    /// Whoever answers may be away in between.
    pub async fn end_within(&self, limit: Duration, path: &str) -> Option<Value> {
        wait::within(limit, || async {
            let now = self.try_get(path).await?;
            let status = now["status"].as_str().unwrap_or_default();
            let has_ended = ["live", "failed", "cancelled", "superseded"].contains(&status);
            has_ended.then_some(now)
        })
        .await
    }

    /// Deploys, and fails with the log unless the deployment becomes live.
    pub async fn deploy_live(&self, service: &str) -> Value {
        let deployment = self.deploy(service).await;
        self.is_live(&deployment).await;
        deployment
    }

    /// Fails with the log unless that deployment is live.
    pub async fn is_live(&self, deployment: &Value) {
        if deployment["status"] != "live" {
            let id = id_of(deployment);
            let log = self.text(&format!("/deployments/{id}/log")).await;
            panic!("not live: {deployment:#}\n{log}");
        }
    }
}

/// The `id` of an object of the API.
pub fn id_of(object: &Value) -> String {
    let id = object["id"].as_str();
    id.unwrap_or_else(|| panic!("no id in {object:#}"))
        .to_owned()
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let content_type = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let text = answer.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        content_type,
        body,
    }
}
