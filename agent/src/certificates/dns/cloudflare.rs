//! Records by Cloudflare's API.

use longshore_agent_api::WireSecret;
use serde_json::{Value, json};

use super::super::http_client::{Auth, HttpClient};
use super::{Record, Trouble};

const API: &str = "https://api.cloudflare.com/client/v4";

pub(super) async fn present(
    http: &HttpClient,
    token: &WireSecret,
    record: &Record,
) -> Result<(), Trouble> {
    let zone = zone(http, token, record).await?;
    let body = json!({
        "type": "TXT",
        "name": record.name,
        "content": format!("\"{}\"", record.value),
        "ttl": 60,
        "comment": "proof for a certificate",
    });
    let url = format!("{API}/zones/{zone}/dns_records");
    call(http, token, "POST", &url, Some(&body)).await?;
    Ok(())
}

pub(super) async fn clean_up(
    http: &HttpClient,
    token: &WireSecret,
    record: &Record,
) -> Result<(), Trouble> {
    let zone = zone(http, token, record).await?;
    let records = format!("{API}/zones/{zone}/dns_records");
    let url = format!("{records}?type=TXT&name={}", record.name);
    let found = call(http, token, "GET", &url, None).await?;
    for one in found.as_array().into_iter().flatten() {
        let is_ours = one["content"]
            .as_str()
            .is_some_and(|content| content.trim_matches('"') == record.value);
        if let Some(id) = one["id"].as_str().filter(|id| is_ours && is_id(id)) {
            call(http, token, "DELETE", &format!("{records}/{id}"), None).await?;
        }
    }
    Ok(())
}

/// The id of the zone that holds a record.
async fn zone(http: &HttpClient, token: &WireSecret, record: &Record) -> Result<String, Trouble> {
    for name in record.zones() {
        let url = format!("{API}/zones?name={name}");
        let found = call(http, token, "GET", &url, None).await?;
        if let Some(id) = found[0]["id"].as_str().filter(|id| is_id(id)) {
            return Ok(id.to_owned());
        }
    }
    Err(Trouble::new(format!(
        "The Cloudflare token sees no zone for {}.",
        record.name
    )))
}

/// An id goes into a path.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

async fn call(
    http: &HttpClient,
    token: &WireSecret,
    method: &str,
    url: &str,
    body: Option<&Value>,
) -> Result<Value, Trouble> {
    let (status, answer) = http
        .call(method, url, Auth::Bearer(token.expose()), body)
        .await
        .map_err(|reason| Trouble::new(format!("Cloudflare cannot be reached: {reason}.")))?;
    let mut answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if (200..300).contains(&status) && answer["success"] == true {
        return Ok(answer["result"].take());
    }
    let message = answer["errors"][0]["message"]
        .as_str()
        .unwrap_or("no reason given");
    Err(Trouble::new(format!(
        "Cloudflare refused with status {status}: {message}. The token needs to read zones and edit DNS records."
    )))
}
