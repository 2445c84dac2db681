//! From libgit2's errors to kinds and sentences.

use git2::{ErrorClass, ErrorCode};
use longshore_domain::{FailureKind, GitUrl};

use super::access::{Access, Wants};
use crate::stage::StageError;

impl Access {
    /// What an error means for a person. No secret can be in it: credentials are in no
    /// URL, and of libgit2's own words only a shortened line is used.
    pub(super) fn explain(&self, error: &git2::Error, url: &GitUrl) -> StageError {
        let seen = self.seen();
        if self.stopped() {
            return StageError::Cancelled;
        }
        if seen.disk_full {
            return disk_full();
        }
        if let (Some(pinned), Some(found)) = (self.pinned(), &seen.host_key)
            && pinned != found
        {
            return StageError::failed(
                FailureKind::HostKeyMismatch,
                format!(
                    "{} showed the SSH host key {found}, but {pinned} is the one on record.",
                    url.host()
                ),
            );
        }
        if seen.refused {
            return StageError::failed(
                FailureKind::CredentialsRefused,
                format!("{} refused the credentials for {url}.", url.host()),
            );
        }
        match seen.wanted {
            Some(Wants::Key) => {
                return StageError::failed(
                    FailureKind::CredentialsRefused,
                    format!("{url} wants an SSH key, and none is set for it."),
                );
            }
            Some(Wants::Token) => {
                return StageError::failed(
                    FailureKind::CredentialsRefused,
                    format!(
                        "{url} does not exist or wants a user name and a token, and none is set for it."
                    ),
                );
            }
            None => {}
        }
        from_error(error, url)
    }
}

fn from_error(error: &git2::Error, url: &GitUrl) -> StageError {
    let host = url.host();
    let text = error.message().to_lowercase();
    let unreachable =
        |message: String| StageError::failed(FailureKind::RepositoryUnreachable, message);
    let refused = |message: String| StageError::failed(FailureKind::CredentialsRefused, message);
    if text.contains("no space left") {
        return disk_full();
    }
    if error.code() == ErrorCode::Auth
        || text.contains("status code: 401")
        || text.contains("status code: 403")
    {
        return refused(format!("{host} refused access to {url}."));
    }
    if error.class() == ErrorClass::Ssh && (text.contains("authenticat") || text.contains("key")) {
        return refused(format!(
            "{host} refused the SSH key for {url}: {}.",
            brief(error)
        ));
    }
    if text.contains("status code: 404") {
        return unreachable(format!(
            "There is no repository at {url}, or the credentials do not open it."
        ));
    }
    if text.contains("cannot redirect") {
        return unreachable(format!(
            "{host} redirects {url} to another host. Use the repository's own URL."
        ));
    }
    if error.code() == ErrorCode::Certificate || error.class() == ErrorClass::Ssl {
        return unreachable(format!(
            "The HTTPS certificate of {host} could not be verified: {}.",
            brief(error)
        ));
    }
    if text.contains("resolve") {
        return unreachable(format!("The host {host} is not known."));
    }
    if text.contains("failed to connect") || text.contains("refused") {
        return unreachable(format!("{host} did not accept a connection."));
    }
    unreachable(format!("{url} could not be read: {}.", brief(error)))
}

/// The first line of an error's message, shortened, without control characters.
fn brief(error: &git2::Error) -> String {
    one_line(error.message(), 200)
}

/// The first line of a text, shortened, without control characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    text.trim()
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}

/// The disk has no room.
pub(super) fn disk_full() -> StageError {
    StageError::failed(
        FailureKind::DiskFull,
        "There is not enough free disk space on the server for the repository.",
    )
}

/// A file of our own could not be written or read.
pub(super) fn files(error: &std::io::Error) -> StageError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => disk_full(),
        kind => StageError::failed(
            FailureKind::Internal,
            format!("The agent could not write the repository's files: {kind}."),
        ),
    }
}
