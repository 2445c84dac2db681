//! The bundled style sheet, script and pictures: embedded, and found by the manifest.
//!
//! Debug builds read them from disk, so that a new bundle shows without a new compile.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/assets/dist"]
struct Dist;

/// Where the files are served.
pub const PREFIX: &str = "/assets/";

fn manifest() -> HashMap<String, String> {
    Dist::get("manifest.json")
        .and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default()
}

/// The address of a file by its plain name; its name there carries a hash of its content.
pub fn address(name: &str) -> String {
    static MANIFEST: LazyLock<HashMap<String, String>> = LazyLock::new(manifest);
    let fresh;
    let names = if cfg!(debug_assertions) {
        fresh = manifest();
        &fresh
    } else {
        &*MANIFEST
    };
    let hashed = names.get(name).map_or(name, String::as_str);
    format!("{PREFIX}{hashed}")
}

/// Serves one file. Its name carries the hash, so it may be kept for ever.
pub async fn show(Path(name): Path<String>) -> Response {
    match Dist::get(&name) {
        Some(file) => {
            let kind = mime_guess::from_path(&name).first_or_octet_stream();
            let headers = [
                (header::CONTENT_TYPE, content_type(kind.essence_str())),
                (
                    header::CACHE_CONTROL,
                    "public, max-age=31536000, immutable".to_owned(),
                ),
            ];
            (headers, file.data).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn content_type(essence: &str) -> String {
    if essence.starts_with("text/") {
        format!("{essence}; charset=utf-8")
    } else {
        essence.to_owned()
    }
}
