//! Compiles the probe, which the agent carries inside itself: statically linked, so that
//! it runs inside any image, and with one flag more than the agent may have.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script: cargo's variables, and the compiler"
)]

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let source = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("../crates/probe/src/main.rs");
    if let Some(sources) = source.parent() {
        println!("cargo::rerun-if-changed={}", sources.display());
    }
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .arg(&source)
        .args(["--crate-name", "longshore_probe", "--edition", "2024"])
        .args(["--target", &variable("TARGET")])
        .args(["-C", "target-feature=+crt-static", "-C", "opt-level=s"])
        .args(["-C", "panic=abort", "-C", "strip=symbols", "-C", "lto=fat"])
        .arg("-o")
        .arg(PathBuf::from(variable("OUT_DIR")).join("longshore-probe"));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let status = rustc.status().expect("rustc starts");
    assert!(status.success(), "the probe cannot be compiled");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
