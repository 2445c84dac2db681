//! Git: mirrors, checkouts and questions to repositories.
//!
//! One bare mirror a repository is kept and only ever grows by what is new; the exact
//! commit is written from it into a fresh work tree that holds no `.git`. Credentials
//! exist in callbacks alone, never in a URL, an argument list or a file. Everything
//! that a repository holds (names, links, submodules) is data of a stranger.
//!
//! libgit2 blocks, so its work runs on a thread of its own (`git/worker.rs`).

mod access;
mod checkout;
mod explain;
mod mirror;
mod progress;
mod submodules;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use git2::Direction;
use longshore_agent_api::{AgentProblem, Repository, RepositoryCheck, RepositoryReport};
use longshore_domain::{CommitSha, FailureKind, GitRef};

use crate::stage::{StageContext, StageError};
use access::Access;
pub use mirror::remove_unused;
use mirror::{Mirrors, Wanted};
use progress::Progress;
use worker::Worker;

/// The longest that a question to a repository may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(20);

/// The most branches that are reported.
const MAX_BRANCHES: usize = 200;

/// What a fetch ended in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The commit that was checked out.
    pub sha: CommitSha,
    /// The first line of its message.
    pub subject: String,
    /// Its author's name.
    pub author: String,
    /// What identifies the content of the work tree: equal texts mean equal files.
    pub tree: String,
    /// The SSH host key's fingerprint, when the repository was reached over SSH.
    pub host_key: Option<String>,
    /// Whether the mirror had the commit already.
    pub reused: bool,
}

/// Fetches what is new into the repository's mirror below `mirrors` and writes the
/// exact commit (the branch's head when there is none) into `work_tree`, whose earlier
/// content goes.
///
/// The repository is asked each time, also for a commit that the mirror has: whoever
/// deploys must be able to read it now.
///
/// # Errors
/// [`StageError::Cancelled`] within two seconds of the cancellation, or the failure.
pub async fn fetch(
    ctx: &StageContext,
    repository: &Repository,
    branch: &GitRef,
    commit: Option<&CommitSha>,
    submodules: bool,
    mirrors: &Path,
    work_tree: &Path,
) -> Result<Checkout, StageError> {
    let worker = Worker::new();
    let access = Arc::new(Access::new(repository, worker.stop()));
    let progress = Progress::new(ctx.clone(), mirrors);
    let mirrors = Mirrors::new(mirrors, worker.locks());
    let url = repository.url.clone();
    let branch = branch.clone();
    let commit = commit.cloned();
    let work_tree = work_tree.to_owned();
    let work = move || {
        let wanted = Wanted {
            branch: Some(&branch),
            commit: commit.as_ref(),
        };
        let mut written = mirrors.check_out(&url, &access, wanted, &progress, &work_tree)?;
        if submodules {
            submodules::check_out(&mirrors, &access, &url, &written, &progress, &work_tree)?;
            written.tree.push_str("+submodules");
        }
        checkout::stamp(&work_tree, written.time)?;
        Ok(Checkout {
            sha: written.sha,
            subject: written.subject,
            author: written.author,
            tree: written.tree,
            host_key: access.host_key(),
            reused: written.reused,
        })
    };
    worker.run(&ctx.cancel, work).await
}

/// Asks a repository for its branches, to tell whether it can be read.
///
/// # Errors
/// The problem, as a kind and a sentence without secrets.
pub async fn check(request: &RepositoryCheck) -> Result<RepositoryReport, AgentProblem> {
    let worker = Worker::new();
    let access = Access::new(&request.repository, worker.stop());
    let url = request.repository.url.clone();
    let branch = request.branch.clone();
    let work = move || {
        let heads = list(&url, &access)?;
        let head = branch
            .as_ref()
            .and_then(|branch| mirror::find_branch(&heads, branch))
            .and_then(|oid| oid.to_string().parse().ok());
        let default_branch = heads
            .iter()
            .find(|head| head.name == "HEAD")
            .and_then(|head| head.symref.as_deref())
            .and_then(|target| target.strip_prefix("refs/heads/"))
            .map(str::to_owned);
        let branches = heads
            .iter()
            .filter_map(|head| head.name.strip_prefix("refs/heads/"))
            .take(MAX_BRANCHES)
            .map(str::to_owned)
            .collect();
        Ok(RepositoryReport {
            head,
            default_branch,
            branches,
            host_key: access.host_key(),
        })
    };
    let never = tokio_util::sync::CancellationToken::new();
    let outcome = tokio::time::timeout(CHECK_TIMEOUT, worker.run(&never, work))
        .await
        .unwrap_or_else(|_| {
            Err(StageError::failed(
                FailureKind::RepositoryUnreachable,
                format!(
                    "{} did not answer within {} seconds.",
                    request.repository.url.host(),
                    CHECK_TIMEOUT.as_secs()
                ),
            ))
        });
    outcome.map_err(|error| match error {
        StageError::Failed { kind, message } => AgentProblem { kind, message },
        StageError::Cancelled => AgentProblem {
            kind: FailureKind::Interrupted,
            message: "The question to the repository was interrupted.".to_owned(),
        },
    })
}

/// Lists a repository's references without keeping anything.
fn list(url: &longshore_domain::GitUrl, access: &Access) -> Result<Vec<mirror::Head>, StageError> {
    let directory = tempfile::tempdir().map_err(|error| explain::files(&error))?;
    let scratch = mirror::create(directory.path()).map_err(|error| access.explain(&error, url))?;
    let mut remote = scratch
        .remote_anonymous(url.as_str())
        .map_err(|error| access.explain(&error, url))?;
    let connection = remote
        .connect_auth(
            Direction::Fetch,
            Some(access.callbacks(None)),
            Some(access::proxy()),
        )
        .map_err(|error| access.explain(&error, url))?;
    mirror::heads(&connection).map_err(|error| access.explain(&error, url))
}
