//! Rust.

use crate::text::plain;
use crate::{Plan, Tree};

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let text = tree.text("Cargo.toml")?;
    Some(plan(tree, text))
}

fn plan(tree: &Tree, text: &str) -> Result<Plan, String> {
    let manifest: toml::Table = text
        .parse()
        .map_err(|_| "Cargo.toml is not valid TOML.".to_owned())?;
    let name = |table: &toml::Value| {
        table
            .get("name")?
            .as_str()
            .and_then(plain)
            .map(str::to_owned)
    };
    let listed = manifest
        .get("bin")
        .and_then(toml::Value::as_array)
        .and_then(|bins| bins.first())
        .and_then(name);
    let own = manifest
        .get("package")
        .filter(|_| tree.has("src/main.rs"))
        .and_then(name);
    let program = listed.or(own).ok_or_else(|| {
        "Longshore found Cargo.toml, but no program in it: neither src/main.rs nor a [[bin]]."
            .to_owned()
    })?;
    let locked = if tree.has("Cargo.lock") {
        " --locked"
    } else {
        ""
    };
    let lines = [
        "FROM rust:1-bookworm AS build".to_owned(),
        "WORKDIR /src".to_owned(),
        "COPY . .".to_owned(),
        // The cache is no part of the image, so the program is copied out of it at once.
        format!(
            "RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
             cargo build --release{locked} --bin {program} && cp target/release/{program} /app"
        ),
        String::new(),
        "FROM debian:bookworm-slim".to_owned(),
        "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
         && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 app"
            .to_owned(),
        "COPY --from=build /app /app".to_owned(),
        "USER app".to_owned(),
        "ENV PORT=8080".to_owned(),
        "EXPOSE 8080".to_owned(),
        "ENTRYPOINT [\"/app\"]".to_owned(),
    ];
    Ok(Plan::new("Rust 1", &lines))
}
