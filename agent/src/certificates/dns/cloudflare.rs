//! Records by Cloudflare's API, version 4.

use longshore_agent_api::WireSecret;
use serde_json::{Value, json};

use super::super::http_client::{Auth, HttpClient};
use super::super::words::brief;
use super::{Record, Trouble};

/// Where the API is.
pub(super) const API: &str = "https://api.cloudflare.com/client/v4";
/// Records on one page of a list; the API allows no more of zones.
const PAGE: usize = 50;
/// Pages that are read of one list: a name holds few records.
const MOST_PAGES: usize = 20;
/// Errors that say that a record is there already (with the same text, or in older words).
const IS_THERE: [i64; 2] = [81058, 81057];

/// The API as a token may use it.
pub(super) struct Cloudflare<'a> {
    pub(super) http: &'a HttpClient,
    /// Where it is, without a slash at its end.
    pub(super) api: &'a str,
    pub(super) token: &'a WireSecret,
}

/// An answer that is no success.
struct Refusal {
    trouble: Trouble,
    /// The API's own numbers for what is wrong.
    codes: Vec<i64>,
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        refusal.trouble
    }
}

impl Cloudflare<'_> {
    /// Makes a record beside others of its name. One that is there already is left: an agent
    /// that was stopped in between has made it.
    pub(super) async fn present(&self, record: &Record) -> Result<(), Trouble> {
        let zone = self.zone(record).await?;
        let body = json!({
            "type": "TXT",
            "name": record.name,
            "content": format!("\"{}\"", record.value),
            "ttl": 60,
            "comment": "proof for a certificate",
        });
        let path = format!("/zones/{zone}/dns_records");
        match self.call("POST", &path, Some(&body)).await {
            Err(refusal) if refusal.codes.iter().any(|code| IS_THERE.contains(code)) => Ok(()),
            made => {
                made?;
                Ok(())
            }
        }
    }

    /// Takes a record away; others of its name stay.
    pub(super) async fn clean_up(&self, record: &Record) -> Result<(), Trouble> {
        let zone = self.zone(record).await?;
        let records = format!("/zones/{zone}/dns_records");
        let found = self
            .list(&format!("{records}?type=TXT&name={}", record.name))
            .await?;
        let is_ours = |one: &Value| {
            let content = one["content"].as_str();
            one["name"].as_str() == Some(&record.name)
                && content.is_some_and(|content| content.trim_matches('"') == record.value)
        };
        for id in found.iter().filter(|one| is_ours(one)).filter_map(id) {
            self.call("DELETE", &format!("{records}/{id}"), None)
                .await?;
        }
        Ok(())
    }

    /// The id of the zone that holds a record: the one with the longest name. A zone that
    /// moved to another account may be listed twice, and one of them is active.
    async fn zone(&self, record: &Record) -> Result<String, Trouble> {
        for name in record.zones() {
            let found = self.list(&format!("/zones?name={name}")).await?;
            let named: Vec<&Value> = found.iter().filter(|zone| zone["name"] == name).collect();
            let active = named.iter().find(|zone| zone["status"] == "active");
            if let Some(id) = active.or(named.first()).and_then(|zone| id(zone)) {
                return Ok(id.to_owned());
            }
        }
        Err(Trouble::new(format!(
            "The Cloudflare token sees no zone for {}.",
            record.name
        )))
    }

    /// All pages of a list whose path has a query.
    async fn list(&self, path: &str) -> Result<Vec<Value>, Trouble> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("{path}&per_page={PAGE}&page={page}");
            let mut answer = self.call("GET", &path, None).await?;
            if let Value::Array(part) = answer["result"].take() {
                all.extend(part);
            }
            let last = answer["result_info"]["total_pages"].as_u64().unwrap_or(1);
            if u64::try_from(page).is_ok_and(|page| page >= last) {
                break;
            }
        }
        Ok(all)
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let (url, token) = (format!("{}{path}", self.api), self.token.expose());
        let refusal = |message: String, codes| Refusal {
            trouble: Trouble::new(message.replace(token, "[redacted]")),
            codes,
        };
        let (status, text) = self
            .http
            .call(method, &url, Auth::Bearer(token), body)
            .await
            .map_err(|reason| {
                refusal(
                    format!("Cloudflare cannot be reached: {reason}."),
                    Vec::new(),
                )
            })?;
        let answer: Value = serde_json::from_slice(&text).unwrap_or_default();
        // The answer to a removal is documented without the word.
        let is_good = answer["success"]
            .as_bool()
            .unwrap_or_else(|| answer.get("result").is_some());
        if (200..300).contains(&status) && is_good {
            return Ok(answer);
        }
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let codes = errors.iter().filter_map(|error| error["code"].as_i64());
        let codes: Vec<i64> = codes.collect();
        let reason = reason(&errors);
        let message = match status {
            429 => format!("Cloudflare was asked too often: {reason}."),
            400..=403 => format!(
                "Cloudflare refused with status {status}: {reason}. The token needs to read zones and edit DNS records."
            ),
            _ => format!("Cloudflare answered with status {status}: {reason}."),
        };
        Err(refusal(message, codes))
    }
}

/// What the API says is wrong, with the causes that it gives.
fn reason(errors: &[Value]) -> String {
    let chained = errors.iter().flat_map(|error| {
        let causes = error["error_chain"].as_array().into_iter().flatten();
        std::iter::once(error).chain(causes)
    });
    let messages: Vec<&str> = chained
        .filter_map(|error| error["message"].as_str())
        .collect();
    if messages.is_empty() {
        return "no reason given".to_owned();
    }
    let reason = brief(&messages.join(": "));
    reason.trim_end_matches('.').to_owned()
}

/// An id, which goes into a path.
fn id(one: &Value) -> Option<&str> {
    let is_id = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    one["id"].as_str().filter(is_id)
}
