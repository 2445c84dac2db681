use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::specification::run_problems;

const TUNNEL: &str = "6f2f4c1e-3c0b-4c0f-9a58-0d6f6a2f5f11";

fn encode(value: &Value) -> String {
    BASE64_STANDARD.encode(value.to_string())
}

fn token() -> String {
    let secret = BASE64_STANDARD.encode([7; 32]);
    encode(&json!({ "a": "0123456789abcdef0123456789abcdef", "t": TUNNEL, "s": secret }))
}

fn read(text: &str) -> Result<String, String> {
    let parsed: Result<TunnelToken, _> = text.parse();
    parsed
        .map(|token| token.secret().expose().to_owned())
        .map_err(|error| error.to_string())
}

#[rstest]
#[case("{}")]
#[case("  {}\n")]
#[case("\"{}\"")]
#[case("sudo cloudflared service install {}")]
#[case("cloudflared.exe service install {}\r\n")]
#[case("docker run cloudflare/cloudflared:latest tunnel --no-autoupdate run --token {}")]
#[case("cloudflared tunnel run --token={}")]
#[case("docker run -d -e TUNNEL_TOKEN='{}' cloudflare/cloudflared tunnel run")]
#[case("TUNNEL_TOKEN={}")]
#[case("TUNNEL_TOKEN={} cloudflared tunnel run")]
#[case("brew install cloudflared && \n sudo cloudflared service install {}")]
fn a_token_is_found_in_what_the_dashboard_shows(#[case] pasted: &str) {
    assert_eq!(read(&pasted.replace("{}", &token())), Ok(token()));
}

#[test]
fn a_token_that_a_terminal_broke_is_whole_again() {
    let token = token();
    let (start, end) = token.split_at(60);
    assert_eq!(read(&format!("{start}\n  {end}\n")), Ok(token));
}

#[rstest]
#[case("", "is required")]
#[case("  \n", "is required")]
#[case("cloudflared tunnel login", "must begin with eyJ")]
#[case("v4oXb2_Zr8-1cQ9e0yTnLkMuJhGfDsApWqEiRtYu", "must begin with eyJ")]
#[case("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVk", "is cut off, changed")]
#[case("eyJo", "is cut off, changed")]
fn what_is_no_token_is_refused_with_the_reason(#[case] text: &str, #[case] reason: &str) {
    let error = read(text).unwrap_err();
    assert!(error.contains(reason), "{error}");
}

#[rstest]
#[case(json!({ "t": TUNNEL, "s": "BwcH" }), "the account (“a”)")]
#[case(json!({ "a": "", "t": TUNNEL, "s": "BwcH" }), "the account (“a”)")]
#[case(json!({ "a": "1", "s": "BwcH" }), "the tunnel’s id (“t”)")]
#[case(json!({ "a": "1", "t": "mine", "s": "BwcH" }), "the tunnel’s id (“t”)")]
#[case(json!({ "a": "1", "t": TUNNEL }), "the tunnel’s secret (“s”)")]
#[case(json!({ "a": "1", "t": TUNNEL, "s": "" }), "the tunnel’s secret (“s”)")]
#[case(json!({ "a": "1", "t": TUNNEL, "s": "***" }), "the tunnel’s secret (“s”)")]
#[case(json!({ "alg": "HS256" }), "the account (“a”)")]
#[case(json!([1]), "must begin with eyJ")]
#[case(json!({ "a": 1, "t": TUNNEL, "s": "BwcH" }), "is cut off, changed")]
fn a_token_without_one_of_its_parts_is_refused(#[case] value: Value, #[case] lacks: &str) {
    let error = read(&encode(&value)).unwrap_err();
    assert!(error.contains(lacks), "{error}");
}

#[test]
fn a_token_that_is_cut_off_is_refused_at_every_length() {
    let token = token();
    for length in 1..token.len() {
        assert!(read(&token[..length]).is_err(), "{length}");
    }
    assert!(read(&"e".repeat(LONGEST + 1)).is_err());
}

#[test]
fn a_token_is_not_printed() {
    let parsed: TunnelToken = token().parse().unwrap();
    assert_eq!(format!("{parsed:?}"), "TunnelToken([redacted])");
}

proptest! {
    #[test]
    fn no_error_repeats_what_was_typed(text in "[A-Za-z0-9+/=]{12,200}") {
        if let Err(error) = read(&text) {
            prop_assert!(!error.contains(&text));
        }
    }
}

#[test]
fn the_app_is_one_that_the_rules_allow() {
    let run = run_settings();
    assert_eq!(run_problems(&run, None), []);
    // It is given the time that it takes for itself, and a little more.
    assert!(run.stop_grace_seconds > GRACE_SECONDS);
    assert!(IMAGE.parse::<crate::ImageRef>().unwrap().tag() != Some("latest"));
}
