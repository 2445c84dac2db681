//! The real `git` as a client of each server.

use std::path::Path;
use std::process::Command;

use longshore_testkit::git::{Credentials, GitDaemon, GitHttp, GitSsh, Repository};

fn repository() -> (Repository, String) {
    let repository = Repository::new("app").file("index.html", "hello");
    let commit = repository.commit("The first");
    (repository, commit)
}

async fn head_of(url: &str, key: Option<&Path>) -> Result<String, String> {
    let ssh = key.map_or_else(String::new, |key| {
        format!(
            "ssh -F none -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            key.display()
        )
    });
    let url = url.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("git")
            .args(["ls-remote", &url, "refs/heads/main"])
            .env("GIT_SSH_COMMAND", ssh)
            .env("GIT_TERMINAL_PROMPT", "0")
            .output()
            .expect("git")
    })
    .await
    .expect("git");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(line
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

#[tokio::test]
async fn http_serves_everybody_with_and_without_the_suffix() {
    let (repository, commit) = repository();
    let server = GitHttp::start(repository.root()).await;
    assert_eq!(head_of(&server.url("app"), None).await, Ok(commit.clone()));
    assert_eq!(head_of(&server.url("app.git"), None).await, Ok(commit));
    assert!(server.requests() >= 2);
}

#[tokio::test]
async fn private_http_wants_the_credentials() {
    let (repository, commit) = repository();
    let credentials = Credentials {
        user: "token".to_owned(),
        password: "s3cret".to_owned(),
    };
    let server = GitHttp::start_private(repository.root(), &credentials).await;
    let url = server.url("app");
    assert!(head_of(&url, None).await.is_err());
    let with_token = url.replace("http://", "http://token:s3cret@");
    assert_eq!(head_of(&with_token, None).await, Ok(commit));
}

#[tokio::test]
async fn the_daemon_serves_everybody() {
    let (repository, commit) = repository();
    let server = GitDaemon::start(repository.root()).await;
    assert_eq!(head_of(&server.url("app"), None).await, Ok(commit));
}

#[tokio::test]
async fn ssh_wants_an_authorised_key() {
    let (repository, commit) = repository();
    let server = GitSsh::start(repository.root()).await;
    let (private, public) = server.client_key();
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, private).expect("the key");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, mode).expect("its mode");

    assert!(head_of(&server.url("app"), Some(&key)).await.is_err());
    server.authorise(&public);
    assert_eq!(head_of(&server.url("app"), Some(&key)).await, Ok(commit));
    assert!(server.host_key().starts_with("ssh-ed25519 "));
}
