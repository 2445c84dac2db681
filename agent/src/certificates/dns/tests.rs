//! Records by Cloudflare's API and by webhook, over HTTP and DNS on this machine.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start servers as they like"
)]

mod cloudflare_api;
mod hook;
mod name_server;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use cloudflare_api::{Api, Mood, TOKEN};
use longshore_agent_api::DnsAccess;
use rstest::rstest;
use serde_json::json;

pub(in crate::certificates) use hook::{Hook, Mood as HookMood};
pub(in crate::certificates) use name_server::NameServer;

use super::{Dns, Record};
use crate::certificates::http_client::HttpClient;
use crate::certificates::look_up::Resolver;

/// How long a call may take here.
const PATIENCE: Duration = Duration::from_millis(400);

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Dns {
    /// One that asks servers of a test's.
    pub(in crate::certificates) fn of_test(name_server: &NameServer, cloudflare: &str) -> Self {
        Self {
            http: HttpClient::new(None, PATIENCE),
            resolver: Resolver::new(Some(name_server.address), Vec::new()),
            cloudflare: cloudflare.to_owned(),
            propagation: Duration::ZERO,
        }
    }
}

fn cloudflare() -> DnsAccess {
    DnsAccess::Cloudflare {
        token: TOKEN.into(),
    }
}

fn record(host: &str, value: &str) -> Record {
    Record::proof(&host.parse().unwrap(), value.to_owned())
}

fn zone_calls(api: &Api) -> Vec<String> {
    let calls = api.calls.lock().unwrap();
    let names = calls.iter().filter_map(|call| {
        let name = call.strip_prefix("GET /client/v4/zones?name=")?;
        name.split('&').next().map(str::to_owned)
    });
    names.collect()
}

#[test]
fn zones_are_looked_for_from_the_longest_on() {
    let record = record("*.a.example.com", "");
    assert_eq!(record.name, "_acme-challenge.a.example.com");
    let zones: Vec<&str> = record.zones().collect();
    assert_eq!(zones, ["a.example.com", "example.com"]);
}

#[rstest]
#[case(&[("example.com", "e1", "active")], &["a.b.example.com", "b.example.com", "example.com"])]
#[case(
    &[("example.com", "e1", "active"), ("b.example.com", "e2", "active")],
    &["a.b.example.com", "b.example.com"],
)]
// A zone that moved between accounts is listed twice.
#[case(
    &[("b.example.com", "e1", "moved"), ("b.example.com", "e2", "active")],
    &["a.b.example.com", "b.example.com"],
)]
#[tokio::test]
async fn a_record_is_made_in_the_zone_that_holds_it_and_taken_away(
    #[case] zones: &[(&'static str, &'static str, &'static str)],
    #[case] asked: &[&str],
) {
    let name_server = NameServer::start().await;
    let (api, base) = Api::start(zones, 50, name_server.clone()).await;
    let dns = Dns::of_test(&name_server, &base);
    let record = record("*.a.b.example.com", "proof");
    dns.present(&cloudflare(), &record).await.unwrap();
    assert_eq!(zone_calls(&api), asked);
    let holds = zones.last().unwrap().1;
    let made = format!("POST /client/v4/zones/{holds}/dns_records");
    assert!(api.calls.lock().unwrap().contains(&made));
    assert_eq!(api.contents(), ["\"proof\""]);
    assert_eq!(name_server.texts(&record.name), ["proof"]);
    // One that is there already counts as made.
    dns.present(&cloudflare(), &record).await.unwrap();
    assert_eq!(api.contents().len(), 1);
    dns.clean_up(&cloudflare(), &record).await.unwrap();
    assert!(api.contents().is_empty());
    // What is gone is gone.
    dns.clean_up(&cloudflare(), &record).await.unwrap();
}

#[tokio::test]
async fn two_hosts_of_one_zone_have_their_proofs_at_one_name() {
    let name_server = NameServer::start().await;
    let zones = [("example.com", "e1", "active")];
    let (api, base) = Api::start(&zones, 50, name_server.clone()).await;
    let dns = Dns::of_test(&name_server, &base);
    let (one, all) = (
        record("a.example.com", "one"),
        record("*.a.example.com", "all"),
    );
    assert_eq!(one.name, all.name);
    let access = cloudflare();
    let made = tokio::join!(dns.present(&access, &one), dns.present(&access, &all));
    made.0.unwrap();
    made.1.unwrap();
    let mut texts = name_server.texts(&one.name);
    texts.sort();
    assert_eq!(texts, ["all", "one"]);
    dns.clean_up(&access, &all).await.unwrap();
    assert_eq!(api.contents(), ["\"one\""]);
}

#[tokio::test]
async fn a_record_is_found_on_whatever_page_it_is() {
    let name_server = NameServer::start().await;
    let zones = [("example.com", "e1", "active")];
    let (api, base) = Api::start(&zones, 2, name_server.clone()).await;
    let dns = Dns::of_test(&name_server, &base);
    for value in ["a", "b", "c", "d", "e"] {
        let record = record("example.com", value);
        dns.present(&cloudflare(), &record).await.unwrap();
    }
    let last = record("example.com", "e");
    dns.clean_up(&cloudflare(), &last).await.unwrap();
    assert_eq!(api.contents(), ["\"a\"", "\"b\"", "\"c\"", "\"d\""]);
}

#[rstest]
#[case(
    403,
    json!({ "success": false, "errors": [{ "code": 10000, "message": "Authentication error" }] }).to_string(),
    "Cloudflare refused with status 403: Authentication error. The token needs to read zones and edit DNS records."
)]
#[case(
    400,
    json!({ "success": false, "errors": [{ "code": 6003, "message": "Invalid request headers",
        "error_chain": [{ "code": 6111, "message": "Invalid format for Authorization header" }] }] }).to_string(),
    "Cloudflare refused with status 400: Invalid request headers: Invalid format for Authorization header. The token needs to read zones and edit DNS records."
)]
#[case(
    429,
    json!({ "success": false, "errors": [{ "code": 971, "message": "Please wait and consider throttling your request speed." }] }).to_string(),
    "Cloudflare was asked too often: Please wait and consider throttling your request speed."
)]
#[case(
    403,
    json!({ "success": false, "errors": [{ "code": 1, "message": format!("Token {TOKEN}\nis unknown") }] }).to_string(),
    "Cloudflare refused with status 403: Token [redacted] is unknown. The token needs to read zones and edit DNS records."
)]
#[case(502, "<html>Bad gateway</html>".to_owned(), "Cloudflare answered with status 502: no reason given.")]
#[case(200, "Welcome to the airport".to_owned(), "Cloudflare answered with status 200: no reason given.")]
#[case(200, json!({ "success": false, "errors": [{ "message": "No." }] }).to_string(), "Cloudflare answered with status 200: No.")]
// Elsewhere the token is not sent.
#[case(
    302,
    String::new(),
    "Cloudflare answered with status 302: no reason given."
)]
#[tokio::test]
async fn what_cloudflare_says_is_told_in_words_without_the_token(
    #[case] status: u16,
    #[case] body: String,
    #[case] words: &str,
) {
    let name_server = NameServer::start().await;
    let (api, base) = Api::start(&[], 50, name_server.clone()).await;
    *api.mood.lock().unwrap() = Mood::Answer(status, body);
    let dns = Dns::of_test(&name_server, &base);
    let refused = dns
        .present(&cloudflare(), &record("example.com", "x"))
        .await;
    assert_eq!(refused.unwrap_err().message, words);
    assert_eq!(api.calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_zone_are_told_apart() {
    let name_server = NameServer::start().await;
    let zones = [("example.com", "e1", "active")];
    let (_, base) = Api::start(&zones, 50, name_server.clone()).await;
    let dns = Dns::of_test(&name_server, &base);
    let wrong = DnsAccess::Cloudflare {
        token: "other".into(),
    };
    let refused = dns.present(&wrong, &record("example.com", "x")).await;
    let words = refused.unwrap_err().message;
    assert!(words.contains("403: Invalid access token."), "{words}");
    let elsewhere = record("a.example.org", "x");
    let refused = dns.present(&cloudflare(), &elsewhere).await;
    assert_eq!(
        refused.unwrap_err().message,
        "The Cloudflare token sees no zone for _acme-challenge.a.example.org."
    );
}

#[tokio::test]
async fn a_provider_that_hangs_is_given_up_in_time() {
    let name_server = NameServer::start().await;
    let (api, base) = Api::start(&[], 50, name_server.clone()).await;
    *api.mood.lock().unwrap() = Mood::Silent;
    let dns = Dns::of_test(&name_server, &base);
    let (hook, url) = Hook::start(name_server.clone()).await;
    *hook.mood.lock().unwrap() = HookMood::Hangs;
    for (access, who) in [(cloudflare(), "Cloudflare"), (webhook(&url, None), &*url)] {
        let began = Instant::now();
        let record = record("example.com", "x");
        let words = dns.present(&access, &record).await.unwrap_err().message;
        assert!(began.elapsed() < 5 * PATIENCE, "{:?}", began.elapsed());
        assert!(words.starts_with(who), "{words}");
        assert!(
            words.ends_with("cannot be reached: it does not answer in time."),
            "{words}"
        );
    }
}

fn webhook(url: &str, username: Option<&str>) -> DnsAccess {
    DnsAccess::Webhook {
        url: url.to_owned(),
        username: username.map(str::to_owned),
        password: "open sesame".into(),
    }
}

#[rstest]
#[case(None, "", "Bearer open sesame")]
// base64 of "ada:open sesame"
#[case(Some("ada"), "/", "Basic YWRhOm9wZW4gc2VzYW1l")]
#[tokio::test]
async fn a_webhook_is_told_to_make_a_record_and_to_take_it_away(
    #[case] username: Option<&str>,
    #[case] slash: &str,
    #[case] shown: &str,
) {
    let name_server = NameServer::start().await;
    let (hook, url) = Hook::start(name_server.clone()).await;
    let access = webhook(&format!("{url}{slash}"), username);
    let dns = Dns::of_test(&name_server, "");
    let record = record("*.example.com", "proof");
    dns.present(&access, &record).await.unwrap();
    assert_eq!(name_server.texts(&record.name), ["proof"]);
    dns.clean_up(&access, &record).await.unwrap();
    assert!(name_server.texts(&record.name).is_empty());
    let call = |verb: &str| (verb.to_owned(), record.name.clone(), shown.to_owned());
    assert_eq!(
        *hook.calls.lock().unwrap(),
        [call("present"), call("cleanup")]
    );
}

#[tokio::test]
async fn what_a_webhook_answers_is_not_shown() {
    let name_server = NameServer::start().await;
    let (hook, url) = Hook::start(name_server.clone()).await;
    *hook.mood.lock().unwrap() = HookMood::Refuses;
    let dns = Dns::of_test(&name_server, "");
    let record = record("example.com", "x");
    let refused = dns.present(&webhook(&url, None), &record).await;
    assert_eq!(
        refused.unwrap_err().message,
        format!("{url}/present answered with status 500.")
    );
    let nowhere = webhook("http://127.0.0.1:1/dns", None);
    let words = dns.present(&nowhere, &record).await.unwrap_err().message;
    assert!(
        words.starts_with("http://127.0.0.1:1/dns/present cannot be reached: "),
        "{words}"
    );
    assert!(!words.contains("sesame"), "{words}");
}

#[tokio::test]
async fn a_record_that_is_not_seen_is_told_of() {
    let name_server = NameServer::start().await;
    let other = NameServer::start().await;
    let (_, url) = Hook::start(other).await;
    let dns = Dns::of_test(&name_server, "");
    let record = record("example.com", "x");
    let refused = dns.present(&webhook(&url, None), &record).await;
    assert_eq!(
        refused.unwrap_err().message,
        "The TXT record _acme-challenge.example.com was made, but is not seen after 0 seconds."
    );
}
