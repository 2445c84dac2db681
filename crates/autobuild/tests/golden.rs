//! Miniature repositories and the Dockerfiles written for them, which were read by a
//! person. A missing file under `golden` is written, and fails the test once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use longshore_autobuild::{Tree, detect, site_builder, static_site};

fn check(name: &str, text: &str) {
    let path = Path::new("tests/golden")
        .join(name)
        .with_extension("Dockerfile");
    match std::fs::read_to_string(&path) {
        Ok(golden) => assert_eq!(text, golden, "{name}"),
        Err(_) => {
            std::fs::write(&path, text).unwrap();
            panic!("{name} was written: read it");
        }
    }
}

fn golden<const N: usize>(name: &str, files: [(&str, &str); N]) {
    let plan = detect(&Tree::from(files)).unwrap();
    check(name, plan.dockerfile());
}

#[test]
fn node_with_npm_and_a_plain_server() {
    golden(
        "node-npm",
        [
            (
                "package.json",
                r#"{"scripts":{"start":"node server.js"},"engines":{"node":">=20"}}"#,
            ),
            ("package-lock.json", "{}"),
            ("server.js", ""),
        ],
    );
}

#[test]
fn node_with_pnpm_workspaces_and_next() {
    golden(
        "node-pnpm-next",
        [
            (
                "package.json",
                r#"{"packageManager":"pnpm@9.1.0","scripts":{"build":"next build","start":"next start"}}"#,
            ),
            ("pnpm-lock.yaml", ""),
            ("pnpm-workspace.yaml", ""),
            (".nvmrc", "v22.4\n"),
        ],
    );
}

#[test]
fn node_with_yarn_and_with_bun() {
    let package = r#"{"scripts":{"build":"tsc","start":"node dist/main.js"}}"#;
    golden("node-yarn", [("package.json", package), ("yarn.lock", "")]);
    golden("node-bun", [("package.json", package), ("bun.lock", "")]);
}

#[test]
fn a_vite_app_becomes_files() {
    golden(
        "node-vite",
        [
            (
                "package.json",
                r#"{"scripts":{"build":"vite build","dev":"vite"},"devDependencies":{"vite":"5"}}"#,
            ),
            ("package-lock.json", "{}"),
            ("index.html", ""),
        ],
    );
}

#[test]
fn python_in_its_kinds() {
    golden(
        "python-flask",
        [
            ("requirements.txt", "Flask==3.0\n"),
            (".python-version", "3.11.4\n"),
            ("app.py", ""),
        ],
    );
    golden(
        "python-uv-fastapi",
        [
            (
                "pyproject.toml",
                "[project]\nrequires-python = \">=3.10\"\ndependencies = [\"fastapi>=0.1\"]\n",
            ),
            ("uv.lock", ""),
            ("app/main.py", ""),
        ],
    );
    golden(
        "python-poetry-django",
        [
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\ndjango = \"5\"\ngunicorn = \"23\"\n",
            ),
            ("poetry.lock", ""),
            ("manage.py", ""),
            ("shop/wsgi.py", ""),
        ],
    );
    golden(
        "python-procfile",
        [
            ("requirements.txt", "x\n"),
            (
                "Procfile",
                "worker: a\nweb: gunicorn \"a:b\" --bind :$PORT\n",
            ),
        ],
    );
}

#[test]
fn compiled_languages() {
    golden(
        "go",
        [
            ("go.mod", "module x\n\ngo 1.23.1\n"),
            ("go.sum", ""),
            ("cmd/web/main.go", ""),
        ],
    );
    golden(
        "rust",
        [
            ("Cargo.toml", "[package]\nname = \"shop\"\n"),
            ("Cargo.lock", ""),
            ("src/main.rs", ""),
        ],
    );
    golden(
        "java-maven",
        [("pom.xml", "<java.version>17</java.version>")],
    );
    golden(
        "java-gradle",
        [(
            "build.gradle.kts",
            "java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }",
        )],
    );
}

#[test]
fn php_and_ruby() {
    golden(
        "php",
        [
            ("composer.json", r#"{"require":{"php":"^8.3"}}"#),
            ("public/index.php", ""),
            ("package.json", "{}"),
        ],
    );
    golden(
        "ruby-rails",
        [
            ("Gemfile", "gem 'rails'\n"),
            ("Gemfile.lock", ""),
            (".ruby-version", "3.3.5"),
            ("bin/rails", ""),
            ("package.json", "{}"),
        ],
    );
}

#[test]
fn files_as_they_are_and_files_made_by_a_command() {
    golden("static", [("index.html", "")]);
    let tree = Tree::from([
        ("package.json", r#"{"engines":{"node":"20"}}"#),
        ("package-lock.json", "{}"),
    ]);
    let builder = site_builder(&tree, "npm run build -- --mode \"x\"").unwrap();
    let plan = static_site(&builder.found, &builder.stages, "my dist", true);
    check("static-command", plan.dockerfile());
    assert!(plan.needs_server());
}

#[test]
fn what_is_missing_is_said() {
    let nothing = detect(&Tree::from([("README.md", "")]))
        .unwrap_err()
        .to_string();
    for name in ["package.json", "pyproject.toml", "go.mod", "index.html"] {
        assert!(nothing.contains(name), "{nothing}");
    }
    let startless = detect(&Tree::from([("package.json", "{}")]))
        .unwrap_err()
        .to_string();
    assert!(startless.contains("no start script"), "{startless}");
    let broken = detect(&Tree::from([("package.json", "[")]))
        .unwrap_err()
        .to_string();
    assert_eq!(broken, "package.json is not a JSON object.");
}

#[test]
fn hostile_manifests_add_no_instruction() {
    let evil = "x\\nUSER root\\nRUN evil";
    let package = format!(
        r#"{{"packageManager":"pnpm@9\nUSER root","main":"{evil}","engines":{{"node":"20\nUSER root"}},"scripts":{{"build":"{evil}","start":"node {evil}"}}}}"#
    );
    let trees = [
        Tree::from([
            ("package.json", package.as_str()),
            ("pnpm-lock.yaml", ""),
            (".nvmrc", "lts\nUSER root"),
        ]),
        Tree::from([
            ("requirements.txt", "flask"),
            (".python-version", "3.11\nUSER root"),
            ("manage.py", ""),
            ("a\nUSER root/wsgi.py", ""),
            ("app.py", ""),
        ]),
        Tree::from([
            ("requirements.txt", "flask"),
            ("Procfile", "web: a \"; \\\nUSER root\n"),
        ]),
        Tree::from([
            ("go.mod", "go 1.22\rUSER root\n"),
            ("cmd/a\nUSER root/main.go", ""),
            ("cmd/b/main.go", ""),
        ]),
        Tree::from([
            (
                "Cargo.toml",
                "[package]\nname = \"ok\"\n[[bin]]\nname = \"a\\nUSER root\"\n",
            ),
            ("src/main.rs", ""),
        ]),
        Tree::from([("Gemfile", "ruby \"3.3\\nUSER root\"\n"), ("config.ru", "")]),
        Tree::from([("pom.xml", "<java.version>17\nUSER root</java.version>")]),
    ];
    for tree in trees {
        let plan = detect(&tree).unwrap();
        let hostile = plan
            .dockerfile()
            .lines()
            .any(|line| line == "USER root" || line.starts_with("RUN evil"));
        assert!(!hostile, "{}", plan.dockerfile());
    }
}

#[test]
fn build_arguments_come_behind_the_dependencies() {
    let tree = Tree::from([
        (
            "package.json",
            r#"{"scripts":{"build":"vite build"},"devDependencies":{"vite":"6"}}"#,
        ),
        ("package-lock.json", "{}"),
        ("index.html", ""),
    ]);
    let plan = detect(&tree).unwrap();
    let with = plan.clone().with_arguments(&["VITE_A", "VITE_B"]);
    check("node-vite-arguments", with.dockerfile());
    assert_eq!(plan.clone().with_arguments(&[]), plan);
}
