//! Signing webhook deliveries as Git hosts do.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The value of `X-Hub-Signature-256` for a body: HMAC-SHA256 over its raw bytes.
///
/// # Panics
/// Never: HMAC takes keys of any length.
pub fn github_signature(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The body of GitHub's `push` event, as far as receivers read it.
pub fn github_push(branch: &str, commit: &str, message: &str) -> Vec<u8> {
    serde_json::json!({
        "ref": format!("refs/heads/{branch}"),
        "before": "0000000000000000000000000000000000000000",
        "after": commit,
        "deleted": false,
        "head_commit": {
            "id": commit,
            "message": message,
            "author": { "name": "Ada", "email": "ada@example.org" },
        },
        "commits": [{ "id": commit, "message": message, "added": [], "modified": [], "removed": [] }],
        "repository": { "full_name": "ada/app" },
        "pusher": { "name": "ada" },
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::github_signature;

    #[test]
    fn the_signature_is_the_one_in_githubs_documentation() {
        assert_eq!(
            github_signature("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
