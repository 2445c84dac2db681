//! Compiles the programs that the agent carries inside itself, the probe and the server
//! of static sites: statically linked, so that they run inside any image.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script: cargo's variables, and the compiler"
)]

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    compile("probe", "longshore-probe");
    compile("static-server", "longshore-static-server");
}

fn compile(folder: &str, name: &str) {
    let sources = PathBuf::from(variable("CARGO_MANIFEST_DIR"))
        .join("../crates")
        .join(folder)
        .join("src");
    println!("cargo::rerun-if-changed={}", sources.display());
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .arg(sources.join("main.rs"))
        .args(["--crate-name", &name.replace('-', "_"), "--edition", "2024"])
        .args(["--target", &variable("TARGET")])
        .args(["-C", "target-feature=+crt-static", "-C", "opt-level=s"])
        .args(["-C", "panic=abort", "-C", "strip=symbols", "-C", "lto=fat"])
        .arg("-o")
        .arg(PathBuf::from(variable("OUT_DIR")).join(name));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let status = rustc.status().expect("rustc starts");
    assert!(status.success(), "{name} cannot be compiled");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
