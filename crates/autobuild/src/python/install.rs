//! Package managers of Python.

use crate::Tree;

/// A package manager, as the files tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    Requirements,
    Uv,
    Poetry,
    Pipenv,
    Project,
}

impl Installer {
    pub(crate) fn of(tree: &Tree) -> Option<Self> {
        if tree.has("uv.lock") && tree.has("pyproject.toml") {
            Some(Self::Uv)
        } else if tree.has("poetry.lock") && tree.has("pyproject.toml") {
            Some(Self::Poetry)
        } else if tree.has("requirements.txt") {
            Some(Self::Requirements)
        } else if tree.has("Pipfile.lock") && tree.has("Pipfile") {
            Some(Self::Pipenv)
        } else {
            tree.has("pyproject.toml").then_some(Self::Project)
        }
    }

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Requirements | Self::Project => "pip",
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pipenv => "pipenv",
        }
    }

    /// The lines that install into `/venv`.
    pub(crate) fn install(self, tree: &Tree) -> Vec<String> {
        let pip = "RUN --mount=type=cache,target=/root/.cache/pip";
        let lines: &[String] = match self {
            // A requirements file may refer to others, and to the repository itself.
            Self::Requirements if refers_to_files(tree) => &[
                "COPY . .".to_owned(),
                format!("{pip} python -m pip install -r requirements.txt"),
            ],
            Self::Requirements => &[
                "COPY requirements.txt ./".to_owned(),
                format!("{pip} python -m pip install -r requirements.txt"),
            ],
            Self::Uv => &[
                format!("{pip} python -m pip install --target /opt/uv uv"),
                "COPY pyproject.toml uv.lock ./".to_owned(),
                "RUN --mount=type=cache,target=/root/.cache/uv UV_PROJECT_ENVIRONMENT=/venv \
                 UV_LINK_MODE=copy /opt/uv/bin/uv sync --frozen --no-dev --no-install-project"
                    .to_owned(),
            ],
            Self::Poetry => &[
                format!("{pip} python -m venv /opt/poetry && /opt/poetry/bin/pip install poetry"),
                "COPY pyproject.toml poetry.lock ./".to_owned(),
                "RUN --mount=type=cache,target=/root/.cache/pypoetry \
                 /opt/poetry/bin/poetry install --only main --no-root --no-interaction"
                    .to_owned(),
            ],
            Self::Pipenv => &[
                format!("{pip} python -m venv /opt/pipenv && /opt/pipenv/bin/pip install pipenv"),
                "COPY Pipfile Pipfile.lock ./".to_owned(),
                "RUN --mount=type=cache,target=/root/.cache/pipenv \
                 PIPENV_VERBOSITY=-1 /opt/pipenv/bin/pipenv sync"
                    .to_owned(),
            ],
            Self::Project => &[
                "COPY . .".to_owned(),
                format!("{pip} python -m pip install ."),
            ],
        };
        lines.to_vec()
    }
}

fn refers_to_files(tree: &Tree) -> bool {
    tree.text("requirements.txt")
        .unwrap_or_default()
        .lines()
        .any(|line| {
            let line = line.trim();
            line.starts_with('-') || line.starts_with('.') || line.contains("file:")
        })
}

/// `pyproject.toml`, when it can be read.
pub(crate) fn project(tree: &Tree) -> Option<toml::Table> {
    tree.text("pyproject.toml")?.parse().ok()
}

/// The names of the dependencies, in small letters.
pub(crate) fn dependencies(tree: &Tree) -> Vec<String> {
    let mut found: Vec<String> = tree
        .text("requirements.txt")
        .unwrap_or_default()
        .lines()
        .map(name_of)
        .collect();
    if let Some(project) = project(tree) {
        let listed = project
            .get("project")
            .and_then(|table| table.get("dependencies"));
        for item in listed.and_then(toml::Value::as_array).into_iter().flatten() {
            found.extend(item.as_str().map(name_of));
        }
        let poetry = project
            .get("tool")
            .and_then(|tool| tool.get("poetry")?.get("dependencies")?.as_table());
        found.extend(
            poetry
                .into_iter()
                .flat_map(|table| table.keys().map(|key| name_of(key))),
        );
    }
    found.retain(|name| !name.is_empty());
    found
}

fn name_of(requirement: &str) -> String {
    requirement
        .trim()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c))
        .collect::<String>()
        .to_ascii_lowercase()
}
