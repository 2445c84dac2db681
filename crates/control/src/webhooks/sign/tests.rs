use super::*;

// From GitHub's documentation, "Validating webhook deliveries".
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
const DIGEST: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fn signed(provider: Provider, signature: &str) -> bool {
    let secrets = [Secret::new("another"), Secret::new(SECRET)];
    is_signed(provider, &secrets, Some(signature), BODY)
}

#[test]
fn each_provider_signs_in_its_own_way() {
    let prefixed = format!("sha256={DIGEST}");
    assert!(signed(Provider::Github, &prefixed));
    assert!(signed(Provider::Bitbucket, &prefixed));
    assert!(signed(Provider::Gitea, DIGEST));
    assert!(signed(Provider::Generic, &prefixed));
    assert!(signed(Provider::Generic, DIGEST));
    assert!(signed(Provider::Gitlab, SECRET));
}

#[test]
fn other_signatures_are_refused() {
    assert!(!signed(Provider::Github, DIGEST));
    assert!(!signed(Provider::Github, &format!("sha1={DIGEST}")));
    assert!(!signed(
        Provider::Github,
        &format!("sha256={}", &DIGEST[2..])
    ));
    assert!(!signed(Provider::Github, "sha256="));
    assert!(!signed(Provider::Github, ""));
    assert!(!signed(Provider::Gitlab, "guess"));
    assert!(!signed(Provider::Gitlab, ""));
    let secrets = [Secret::new(SECRET)];
    assert!(!is_signed(Provider::Github, &secrets, None, BODY));
    let prefixed = format!("sha256={DIGEST}");
    assert!(!is_signed(
        Provider::Github,
        &secrets,
        Some(&prefixed),
        b"Hello"
    ));
    assert!(!is_signed(Provider::Github, &[], Some(&prefixed), BODY));
}

#[test]
fn an_empty_secret_signs_nothing() {
    assert!(!is_signed(
        Provider::Gitlab,
        &[Secret::new("")],
        Some(""),
        BODY
    ));
}
