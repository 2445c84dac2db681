//! Checks that the dashboard's style sheet and scripts were bundled.

use std::path::Path;

fn main() {
    let manifest = Path::new("assets/dist/manifest.json");
    println!("cargo::rerun-if-changed={}", manifest.display());
    println!("cargo::rerun-if-changed=askama.toml");
    if !manifest.exists() {
        println!(
            "cargo::error=the dashboard's bundle is missing; make it with: cd web/assets && npm ci && npm run build"
        );
    }
}
