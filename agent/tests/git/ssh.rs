use std::time::Duration;

use base64::Engine as _;
use longshore_agent::git;
use longshore_agent::stage::StageError;
use longshore_agent_api::{GitCredentials, Repository as Remote, RepositoryCheck};
use longshore_domain::FailureKind;
use longshore_testkit::git::{GitSsh, Repository};
use longshore_testkit::wait;
use sha2::{Digest, Sha256};

use super::{Bench, anonymous, failure};

fn fingerprint(public_key: &str) -> String {
    let engine = base64::engine::general_purpose::STANDARD;
    let key = engine
        .decode(public_key.split_whitespace().nth(1).unwrap())
        .unwrap();
    let hash = base64::engine::general_purpose::STANDARD_NO_PAD.encode(Sha256::digest(key));
    format!("SHA256:{hash}")
}

async fn server() -> (Repository, GitSsh) {
    let repository = Repository::new("app").file("a", "b");
    repository.commit("First");
    let server = GitSsh::start(repository.root()).await;
    (repository, server)
}

fn with_key(server: &GitSsh, key: &str) -> Remote {
    Remote {
        credentials: GitCredentials::DeployKey {
            private_key: key.into(),
        },
        ..anonymous(&server.url("app"))
    }
}

#[tokio::test]
async fn a_deploy_key_opens_it_and_the_host_key_is_reported() {
    let (repository, server) = server().await;
    let (private, public) = server.client_key();
    server.authorise(&public);
    let mut remote = with_key(&server, &private);
    let bench = Bench::new();
    let checkout = bench.fetch(&remote, "main", None).await.unwrap();
    assert_eq!(checkout.sha.as_str(), repository.head());
    let key = fingerprint(&server.host_key());
    assert_eq!(checkout.host_key.as_deref(), Some(key.as_str()));
    remote.host_key = Some(key.clone());
    bench.fetch(&remote, "main", None).await.unwrap();
    let request = RepositoryCheck {
        repository: remote,
        branch: None,
    };
    assert_eq!(git::check(&request).await.unwrap().host_key, Some(key));
}

#[tokio::test]
async fn another_host_key_than_the_pinned_one_ends_it() {
    let (_repository, server) = server().await;
    let (private, public) = server.client_key();
    server.authorise(&public);
    let pinned = fingerprint(&server.host_key());
    server.replace_host_key();
    let now = fingerprint(&server.host_key());
    let remote = Remote {
        host_key: Some(pinned.clone()),
        ..with_key(&server, &private)
    };
    let bench = Bench::new();
    // sshd may still be about to read its new key.
    let limit = Duration::from_secs(10);
    let message = wait::until("the new host key", limit, || async {
        match bench.fetch(&remote, "main", None).await {
            Err(StageError::Failed { kind, message }) => {
                (kind == FailureKind::HostKeyMismatch).then_some(message)
            }
            _ => None,
        }
    })
    .await;
    assert!(
        message.contains(&pinned) && message.contains(&now),
        "{message}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_authorised_is_refused() {
    let (_repository, server) = server().await;
    let (private, _) = server.client_key();
    let bench = Bench::new();
    let (kind, message) = failure(
        bench
            .fetch(&with_key(&server, &private), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::CredentialsRefused, "{message}");
    assert!(!message.contains("PRIVATE"), "{message}");
    let (kind, message) = failure(
        bench
            .fetch(&anonymous(&server.url("app")), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::CredentialsRefused, "{message}");
    assert!(message.contains("SSH key"), "{message}");
    let nonsense = with_key(&server, "nonsense");
    let (kind, message) = failure(bench.fetch(&nonsense, "main", None).await);
    assert_eq!(kind, FailureKind::CredentialsRefused, "{message}");
}
