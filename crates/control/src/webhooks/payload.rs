//! What a webhook says, whichever host sent it.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::changed::{Changed, Commits, NamesFiles};
use crate::{HookHeaders, Provider};

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// A test of the connection.
    Ping,
    /// References that were pushed; more than one with Bitbucket.
    Pushes(Vec<Push>),
    /// Something that does not concern deployments.
    Other {
        /// The event's name.
        event: String,
    },
}

/// A reference that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Push {
    /// The whole name, such as `refs/heads/main`; none for "the configured branch".
    pub reference: Option<String>,
    /// The commit that it points to now.
    pub commit: Option<String>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The message of that commit.
    pub message: Option<String>,
    /// The author of that commit.
    pub author: Option<String>,
    /// Who pushed.
    pub pusher: Option<String>,
    /// The files that it changed.
    pub changed: Changed,
}

/// Reads a webhook whose signature was right.
///
/// # Errors
/// A sentence for the sender.
pub(super) fn read(
    provider: Provider,
    headers: &HookHeaders,
    body: &[u8],
) -> Result<Message, String> {
    let event = headers.event.as_deref().unwrap_or_default();
    match provider {
        Provider::Github => match event {
            "ping" => Ok(Message::Ping),
            "push" => Ok(Message::Pushes(vec![github(body)?])),
            "" => Err("the header X-GitHub-Event is missing".to_owned()),
            other => Ok(ignored(other)),
        },
        Provider::Gitea => match event {
            "push" => Ok(Message::Pushes(vec![github(body)?])),
            "" => Err("the header X-Gitea-Event is missing".to_owned()),
            other => Ok(ignored(other)),
        },
        Provider::Gitlab => match event {
            "Push Hook" => Ok(Message::Pushes(vec![gitlab(body)?])),
            "" => Err("the header X-Gitlab-Event is missing".to_owned()),
            other => Ok(ignored(other)),
        },
        Provider::Bitbucket => match event {
            "diagnostics:ping" => Ok(Message::Ping),
            "repo:push" => Ok(Message::Pushes(bitbucket(body)?)),
            "" => Err("the header X-Event-Key is missing".to_owned()),
            other => Ok(ignored(other)),
        },
        Provider::Generic => match event {
            "ping" => Ok(Message::Ping),
            _ => Ok(Message::Pushes(vec![generic(body)?])),
        },
    }
}

fn ignored(event: &str) -> Message {
    Message::Other {
        event: event.to_owned(),
    }
}

#[derive(Deserialize)]
struct GithubPush {
    #[serde(rename = "ref")]
    reference: String,
    after: Option<String>,
    before: Option<String>,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    #[serde(default)]
    commits: Vec<NamesFiles>,
    /// Gitea's; GitHub says nothing.
    total_commits: Option<u64>,
    head_commit: Option<Commit>,
    pusher: Option<Pusher>,
}

#[derive(Deserialize)]
struct Commit {
    id: Option<String>,
    message: Option<String>,
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Pusher {
    name: Option<String>,
    login: Option<String>,
}

fn github(body: &[u8]) -> Result<Push, String> {
    // GitHub's default form wraps the document into a field of a web form.
    let document = if body.starts_with(b"payload=") {
        url::form_urlencoded::parse(body)
            .find(|(key, _)| key == "payload")
            .map(|(_, value)| value.into_owned().into_bytes())
    } else {
        None
    };
    let push: GithubPush = parse(document.as_deref().unwrap_or(body))?;
    let changed = Changed::of(&Commits {
        before: push.before.as_deref(),
        after: push.after.as_deref(),
        is_new: push.created,
        is_forced: push.forced,
        total: push.total_commits,
        named: &push.commits,
    });
    let (message, author) = said(push.head_commit);
    Ok(Push {
        deleted: push.deleted || push.after.as_deref().is_none_or(is_zero),
        reference: Some(push.reference),
        commit: push.after,
        message,
        author,
        pusher: push.pusher.and_then(|pusher| pusher.name.or(pusher.login)),
        changed,
    })
}

#[derive(Deserialize)]
struct GitlabPush {
    #[serde(rename = "ref")]
    reference: String,
    before: Option<String>,
    after: Option<String>,
    #[serde(default)]
    commits: Vec<GitlabCommit>,
    total_commits_count: Option<u64>,
    user_name: Option<String>,
}

#[derive(Deserialize)]
struct GitlabCommit {
    message: Option<String>,
    author: Option<Author>,
    #[serde(flatten)]
    files: NamesFiles,
}

fn gitlab(body: &[u8]) -> Result<Push, String> {
    let push: GitlabPush = parse(body)?;
    let (commits, files): (Vec<Commit>, Vec<NamesFiles>) = push
        .commits
        .into_iter()
        .map(|commit| {
            let said = Commit {
                id: commit.files.commit.clone(),
                message: commit.message,
                author: commit.author,
            };
            (said, commit.files)
        })
        .unzip();
    let changed = Changed::of(&Commits {
        before: push.before.as_deref(),
        after: push.after.as_deref(),
        is_new: false,
        is_forced: false,
        total: push.total_commits_count,
        named: &files,
    });
    let head = commits
        .into_iter()
        .find(|commit| commit.id.is_some() && commit.id == push.after);
    let (message, author) = said(head);
    Ok(Push {
        deleted: push.after.as_deref().is_none_or(is_zero),
        reference: Some(push.reference),
        commit: push.after,
        message,
        author,
        pusher: push.user_name,
        changed,
    })
}

#[derive(Deserialize)]
struct BitbucketEvent {
    push: BitbucketPush,
    actor: Option<BitbucketActor>,
}

#[derive(Deserialize)]
struct BitbucketPush {
    changes: Vec<BitbucketChange>,
}

#[derive(Deserialize)]
struct BitbucketChange {
    new: Option<BitbucketReference>,
    old: Option<BitbucketReference>,
}

#[derive(Deserialize)]
struct BitbucketReference {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    target: Option<BitbucketTarget>,
}

#[derive(Deserialize)]
struct BitbucketTarget {
    hash: String,
    message: Option<String>,
    author: Option<BitbucketAuthor>,
}

#[derive(Deserialize)]
struct BitbucketAuthor {
    raw: Option<String>,
}

#[derive(Deserialize)]
struct BitbucketActor {
    display_name: Option<String>,
}

fn bitbucket(body: &[u8]) -> Result<Vec<Push>, String> {
    let event: BitbucketEvent = parse(body)?;
    let pusher = event.actor.and_then(|actor| actor.display_name);
    let changes = event.push.changes.into_iter().filter_map(|change| {
        let deleted = change.new.is_none();
        let reference = change.new.or(change.old)?;
        let folder = if reference.kind == "tag" {
            "tags"
        } else {
            "heads"
        };
        let target = reference.target.filter(|_| !deleted);
        let author = target.as_ref().and_then(|target| target.author.as_ref());
        let author = author.and_then(|author| author.raw.as_deref());
        Some(Push {
            reference: Some(format!("refs/{folder}/{}", reference.name)),
            deleted,
            // "Name <address>"
            author: author.map(|raw| {
                let name = raw.split('<').next().unwrap_or_default();
                name.trim().to_owned()
            }),
            message: target.as_ref().and_then(|target| target.message.clone()),
            commit: target.map(|target| target.hash),
            pusher: pusher.clone(),
            changed: Changed::untold("Bitbucket names no files"),
        })
    });
    Ok(changes.collect())
}

#[derive(Deserialize, Default)]
struct GenericPush {
    #[serde(rename = "ref")]
    reference: Option<String>,
    branch: Option<String>,
    commit: Option<String>,
    message: Option<String>,
    /// The files that changed.
    files: Option<Vec<String>>,
}

fn generic(body: &[u8]) -> Result<Push, String> {
    let push: GenericPush = if body.trim_ascii().is_empty() {
        GenericPush::default()
    } else {
        parse(body)?
    };
    let branch = push.branch.map(|branch| format!("refs/heads/{branch}"));
    Ok(Push {
        reference: push.reference.or(branch),
        commit: push.commit,
        message: push.message,
        changed: match push.files {
            Some(files) => Changed::Files(files),
            None => Changed::untold("the request names no files"),
        },
        ..Push::default()
    })
}

fn said(commit: Option<Commit>) -> (Option<String>, Option<String>) {
    match commit {
        Some(commit) => (commit.message, commit.author.and_then(|author| author.name)),
        None => (None, None),
    }
}

pub(super) fn is_zero(commit: &str) -> bool {
    commit.bytes().all(|byte| byte == b'0')
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body)
        .map_err(|error| format!("the body is not the event that its header names: {error}"))
}

#[cfg(test)]
mod tests;
