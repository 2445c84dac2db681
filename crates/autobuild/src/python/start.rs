//! How a Python app starts.

use crate::Tree;
use crate::text::{in_shell, list, plain};

/// How the app starts.
pub(crate) struct Start {
    /// The instruction's argument.
    pub(crate) command: String,
    /// A server that the app needs and does not list.
    pub(crate) server: Option<&'static str>,
}

pub(crate) fn command(tree: &Tree, needs: &[String]) -> Option<Start> {
    let has = |name: &str| needs.iter().any(|need| need == name);
    if let Some(command) = tree.procfile_web() {
        return Some(Start {
            command: in_shell(command),
            server: None,
        });
    }
    let gunicorn = |module: &str| Start {
        command: in_shell(&format!("exec gunicorn --bind 0.0.0.0:$PORT {module}")),
        server: (!has("gunicorn")).then_some("gunicorn"),
    };
    if tree.has("manage.py")
        && let Some(module) = tree.names().find_map(|name| {
            let package = name.strip_suffix("/wsgi.py")?;
            let is_one = !package.contains('/') && package.chars().all(is_word);
            plain(package).filter(|_| is_one)
        })
    {
        return Some(gunicorn(&format!("{module}.wsgi:application")));
    }
    let files = [
        "main.py",
        "app.py",
        "app/main.py",
        "app/__init__.py",
        "wsgi.py",
        "server.py",
    ];
    let file = tree.first_of(&files)?;
    let module = file
        .trim_end_matches(".py")
        .trim_end_matches("/__init__")
        .replace('/', ".");
    if has("fastapi") || has("starlette") {
        return Some(Start {
            command: in_shell(&format!(
                "exec uvicorn --host 0.0.0.0 --port $PORT {module}:app"
            )),
            server: (!has("uvicorn") && !has("fastapi-cli")).then_some("uvicorn"),
        });
    }
    if has("flask") {
        return Some(gunicorn(&format!("{module}:app")));
    }
    Some(Start {
        command: list(&["python", file]),
        server: None,
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
