//! Python, with pip, uv or poetry.

mod install;
mod start;

use crate::text::major_minor;
use crate::{Plan, Tree};
use install::Installer;

/// The version when the repository names none.
const DEFAULT_VERSION: &str = "3.13";

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let installer = Installer::of(tree)?;
    Some(plan(tree, installer))
}

fn plan(tree: &Tree, installer: Installer) -> Result<Plan, String> {
    let version = version(tree);
    let needs = install::dependencies(tree);
    let start = start::command(tree, &needs).ok_or_else(|| {
        "Longshore cannot tell how the Python app is started: there is no Procfile, manage.py, \
         main.py or app.py."
            .to_owned()
    })?;
    let mut lines = vec![
        format!("FROM python:{version} AS build"),
        "WORKDIR /app".to_owned(),
        "RUN python -m venv /venv".to_owned(),
        "ENV PATH=/venv/bin:$PATH VIRTUAL_ENV=/venv".to_owned(),
    ];
    lines.extend(installer.install(tree));
    if let Some(server) = start.server {
        lines.push(format!(
            "RUN --mount=type=cache,target=/root/.cache/pip python -m pip install {server}"
        ));
    }
    lines.push(String::new());
    lines.push(format!("FROM python:{version}-slim"));
    lines.push(
        "ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000"
            .to_owned(),
    );
    lines.push("RUN useradd --uid 10001 --create-home app".to_owned());
    lines.push("WORKDIR /app".to_owned());
    lines.push("COPY --from=build /venv /venv".to_owned());
    lines.push("COPY --chown=app:app . .".to_owned());
    lines.push("USER app".to_owned());
    lines.push("EXPOSE 8000".to_owned());
    lines.push(format!("CMD {}", start.command));
    Ok(Plan::new(
        format!("Python {version} with {}", installer.program()),
        &lines,
    ))
}

fn version(tree: &Tree) -> String {
    let project = install::project(tree);
    let required = project
        .as_ref()
        .and_then(|project| project.get("project")?.get("requires-python")?.as_str());
    [".python-version", "runtime.txt"]
        .iter()
        .filter_map(|name| tree.text(name))
        // `>=3.9` allows the newest, which is better kept up than the oldest.
        .chain(required.filter(|text| !text.trim_start().starts_with('>')))
        .find_map(major_minor)
        .filter(|version| version.starts_with("3."))
        .unwrap_or_else(|| DEFAULT_VERSION.to_owned())
}
