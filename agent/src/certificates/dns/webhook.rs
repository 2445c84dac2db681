//! Records by a program of the team's: it is sent the name and the text.

use longshore_agent_api::DnsAccess;
use serde_json::json;

use super::super::http_client::{Auth, HttpClient};
use super::{Record, Trouble};

/// Asks the program to make a record (`present`) or take it away (`cleanup`).
pub(super) async fn send(
    http: &HttpClient,
    access: &DnsAccess,
    verb: &str,
    record: &Record,
) -> Result<(), Trouble> {
    let DnsAccess::Webhook {
        url,
        username,
        password,
    } = access
    else {
        return Err(Trouble::new("The DNS provider is no webhook."));
    };
    let auth = match username {
        Some(name) => Auth::Basic(name, password.expose()),
        None => Auth::Bearer(password.expose()),
    };
    let body = json!({ "fqdn": format!("{}.", record.name), "value": record.value });
    let url = format!("{}/{verb}", url.trim_end_matches('/'));
    let (status, _) = http
        .call("POST", &url, auth, Some(&body))
        .await
        .map_err(|reason| Trouble::new(format!("{url} cannot be reached: {reason}.")))?;
    if (200..300).contains(&status) {
        return Ok(());
    }
    // What it says is not shown: the address may be one that only this machine can reach.
    Err(Trouble::new(format!(
        "{url} answered with status {status}."
    )))
}
