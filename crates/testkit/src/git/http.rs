//! Git over "smart" HTTP: the real `git http-backend` behind a small server.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// The largest request body, in bytes; tests push little.
const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// What a client has to present as HTTP basic authentication.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user's name; hosts that take tokens ignore it.
    pub user: String,
    /// The password or token.
    pub password: String,
}

struct Served {
    root: PathBuf,
    authorization: Option<String>,
    requests: AtomicUsize,
}

/// A running server; it stops when dropped.
pub struct GitHttp {
    port: u16,
    served: Arc<Served>,
    task: JoinHandle<()>,
}

impl GitHttp {
    /// Serves every repository below a folder to everybody.
    pub async fn start(root: &Path) -> Self {
        Self::launch(root, None).await
    }

    /// Serves every repository below a folder to whoever presents the credentials.
    pub async fn start_private(root: &Path, credentials: &Credentials) -> Self {
        Self::launch(root, Some(credentials)).await
    }

    async fn launch(root: &Path, credentials: Option<&Credentials>) -> Self {
        let served = Arc::new(Served {
            root: root.to_owned(),
            authorization: credentials.map(basic),
            requests: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&served));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the Git server");
        });
        Self { port, served, task }
    }

    /// The URL of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.served.requests.load(Ordering::Relaxed)
    }
}

impl Drop for GitHttp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    served.requests.fetch_add(1, Ordering::Relaxed);
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if served.authorization.is_some() && served.authorization.as_deref() != presented {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    match backend(&served.root, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// Runs `git http-backend` for one request, by the rules of CGI.
async fn backend(root: &Path, request: Request) -> anyhow::Result<Response> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await?;
    let text = |name: header::HeaderName| header_text(&parts.headers, &name);
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", repository_path(root, parts.uri.path()))
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", header_text(&parts.headers, "git-protocol"))
        .env("REMOTE_USER", "tests")
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .context("git http-backend")?;
    let mut input = child.stdin.take().context("its standard input")?;
    let writer = tokio::spawn(async move {
        // It may answer, and go, without reading everything.
        let _ = input.write_all(&body).await;
    });
    let output = child.wait_with_output().await?;
    writer.await?;
    parse(&Bytes::from(output.stdout))
}

/// Clients may leave out, or add, the `.git` of a repository with a work tree.
fn repository_path(root: &Path, path: &str) -> String {
    let Some((name, rest)) = path.trim_start_matches('/').split_once('/') else {
        return path.to_owned();
    };
    let plain = name.trim_end_matches(".git");
    if root.join(name).exists() || !root.join(plain).exists() {
        return path.to_owned();
    }
    format!("/{plain}/{rest}")
}

fn header_text(headers: &HeaderMap, name: impl header::AsHeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// A CGI answer: headers, of which `Status` is the status, an empty line, the body.
fn parse(output: &Bytes) -> anyhow::Result<Response> {
    let end = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("git http-backend gave no headers")?;
    let head = std::str::from_utf8(&output[..end])?;
    let mut response = Response::builder();
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(": ").context("a malformed header")?;
        if name.eq_ignore_ascii_case("status") {
            ensure!(value.len() >= 3, "a malformed status");
            response = response.status(value[..3].parse::<u16>()?);
        } else {
            response = response.header(name, value);
        }
    }
    Ok(response.body(Body::from(output.slice(end + 4..)))?)
}

fn basic(credentials: &Credentials) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", credentials.user, credentials.password);
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}
