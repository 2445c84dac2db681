//! A service's webhook, called as a Git host calls it.

use std::sync::atomic::{AtomicUsize, Ordering};

use longshore_testkit::webhook::{github_push, github_signature};
use serde_json::{Value, json};

use crate::api::{Answer, Api};

/// The URL and the secret that a person gives to the Git host.
pub struct Hook {
    url: String,
    secret: String,
    deliveries: AtomicUsize,
}

impl Hook {
    /// Makes the webhook of a service.
    pub async fn make(api: &Api, service: &str) -> Self {
        let path = format!("/services/{service}/webhook");
        let made = api.post(&path, json!({})).await;
        assert!(made.status.is_success(), "{made:?}");
        let text = |name: &str| made.body[name].as_str().expect(name).to_owned();
        Self {
            url: text("url"),
            secret: text("secret"),
            deliveries: AtomicUsize::default(),
        }
    }

    /// Delivers a push of a commit to `main`, signed; gives what is accepted.
    pub async fn push(&self, api: &Api, commit: &str) -> Value {
        let body = github_push("main", commit, "A push");
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        let answer = self
            .deliver(api, "push", &format!("delivery-{number}"), body)
            .await;
        answer.expect(202)
    }

    /// Delivers anything, signed.
    pub async fn deliver(&self, api: &Api, event: &str, delivery: &str, body: Vec<u8>) -> Answer {
        let signature = github_signature(&self.secret, &body);
        let headers = [
            ("x-github-event", event),
            ("x-github-delivery", delivery),
            ("x-hub-signature-256", signature.as_str()),
        ];
        api.deliver(&self.url, &headers, body).await
    }
}
