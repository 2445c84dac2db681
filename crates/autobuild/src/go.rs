//! Go.

use crate::text::{major_minor, plain};
use crate::{Plan, Tree};

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let module = tree.text("go.mod")?;
    // An older `go` line is a lower bound; from 1.21 on a newer compiler always does.
    let version = module
        .lines()
        .find_map(|line| major_minor(line.strip_prefix("go ")?))
        .filter(|version| version.starts_with("1."))
        .unwrap_or_else(|| "1".to_owned());
    let Some(package) = package(tree) else {
        return Some(Err(
            "Longshore found go.mod, but no main.go at the root and not exactly one program \
             below cmd."
                .to_owned(),
        ));
    };
    let sums = if tree.has("go.sum") { " go.sum" } else { "" };
    let copies = if tree.has("vendor/modules.txt") {
        vec!["COPY . .".to_owned()]
    } else {
        vec![
            format!("COPY go.mod{sums} ./"),
            "RUN --mount=type=cache,target=/go/pkg/mod go mod download".to_owned(),
            "COPY . .".to_owned(),
        ]
    };
    let mut lines = vec![
        format!("FROM golang:{version} AS build"),
        "WORKDIR /src".to_owned(),
    ];
    lines.extend(copies);
    lines.extend([
        format!(
            "RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
             CGO_ENABLED=0 go build -trimpath -ldflags=\"-s -w\" -o /app {package}"
        ),
        String::new(),
        "FROM scratch".to_owned(),
        "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/".to_owned(),
        "COPY --from=build /app /app".to_owned(),
        "USER 65532:65532".to_owned(),
        "ENV PORT=8080".to_owned(),
        "EXPOSE 8080".to_owned(),
        "ENTRYPOINT [\"/app\"]".to_owned(),
    ]);
    Some(Ok(Plan::new(format!("Go {version}"), &lines)))
}

fn package(tree: &Tree) -> Option<String> {
    if tree.has("main.go") {
        return Some(".".to_owned());
    }
    let mut programs = tree.names().filter_map(|name| {
        let program = name.strip_prefix("cmd/")?.strip_suffix("/main.go")?;
        plain(program).filter(|program| !program.contains('/'))
    });
    match (programs.next(), programs.next()) {
        (Some(program), None) => Some(format!("./cmd/{program}")),
        _ => None,
    }
}
