//! Fetching from real Git servers: over HTTP, SSH and Git's own protocol, with friendly
//! and with hostile repositories.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "git/credentials.rs"]
mod credentials;
#[path = "git/hostile.rs"]
mod hostile;
#[path = "git/mirror.rs"]
mod mirror;
#[path = "git/ssh.rs"]
mod ssh;
#[path = "git/stop.rs"]
mod stop;
#[path = "git/submodules.rs"]
mod submodules;
#[path = "git/tls.rs"]
mod tls;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use longshore_agent::git::{self, Checkout};
use longshore_agent::stage::{EventSink, StageContext, StageError};
use longshore_agent_api::{GitCredentials, JobEventKind, Repository};
use longshore_domain::FailureKind;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Collects lines.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl EventSink for Lines {
    fn append(&self, event: JobEventKind) {
        if let JobEventKind::Line { text, .. } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

/// A place for mirrors and work trees, and what was said while they were made.
struct Bench {
    folder: TempDir,
    lines: Arc<Lines>,
    cancel: CancellationToken,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            lines: Arc::default(),
            cancel: CancellationToken::new(),
        }
    }

    fn context(&self) -> StageContext {
        StageContext {
            sink: Arc::clone(&self.lines) as Arc<dyn EventSink>,
            cancel: self.cancel.clone(),
        }
    }

    fn mirrors(&self) -> PathBuf {
        self.folder.path().join("mirrors")
    }

    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn said(&self) -> String {
        self.lines.0.lock().unwrap().join("\n")
    }

    async fn fetch(
        &self,
        repository: &Repository,
        branch: &str,
        commit: Option<&str>,
    ) -> Result<Checkout, StageError> {
        self.fetch_with(repository, branch, commit, false).await
    }

    async fn fetch_with(
        &self,
        repository: &Repository,
        branch: &str,
        commit: Option<&str>,
        submodules: bool,
    ) -> Result<Checkout, StageError> {
        git::fetch(
            &self.context(),
            repository,
            &branch.parse().unwrap(),
            commit.map(|commit| commit.parse().unwrap()).as_ref(),
            submodules,
            &self.mirrors(),
            &self.tree(),
        )
        .await
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.tree().join(path)).unwrap()
    }
}

fn anonymous(url: &str) -> Repository {
    Repository {
        url: url.parse().unwrap(),
        credentials: GitCredentials::Anonymous,
        host_key: None,
    }
}

fn with_token(url: &str, token: &str) -> Repository {
    Repository {
        credentials: GitCredentials::Token {
            username: "ada".to_owned(),
            token: token.into(),
        },
        ..anonymous(url)
    }
}

fn failure<T: std::fmt::Debug>(result: Result<T, StageError>) -> (FailureKind, String) {
    match result {
        Err(StageError::Failed { kind, message }) => (kind, message),
        other => panic!("{other:?}"),
    }
}
