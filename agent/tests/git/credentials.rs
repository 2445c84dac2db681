use longshore_domain::FailureKind;
use longshore_testkit::git::{Credentials, GitHttp, Repository};

use super::{Bench, anonymous, failure, with_token};

async fn private() -> (Repository, GitHttp) {
    let repository = Repository::new("app").file("a", "b");
    repository.commit("First");
    let credentials = Credentials {
        user: "ada".to_owned(),
        password: "right-token".to_owned(),
    };
    let server = GitHttp::start_private(repository.root(), &credentials).await;
    (repository, server)
}

#[tokio::test]
async fn a_token_opens_a_private_repository_and_stays_in_memory() {
    let (repository, server) = private().await;
    let bench = Bench::new();
    let remote = with_token(&server.url("app"), "right-token");
    let checkout = bench.fetch(&remote, "main", None).await.unwrap();
    assert_eq!(checkout.sha.as_str(), repository.head());
    let mut folders = vec![bench.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(11).any(|window| window == b"right-token");
                assert!(!found, "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_offered_once_and_not_repeated_in_the_message() {
    let (_repository, server) = private().await;
    let bench = Bench::new();
    let remote = with_token(&server.url("app"), "wrong-token");
    let (kind, message) = failure(bench.fetch(&remote, "main", None).await);
    assert_eq!(kind, FailureKind::CredentialsRefused, "{message}");
    assert!(!message.contains("wrong-token"), "{message}");
    assert!(server.requests() <= 3, "{} requests", server.requests());
}

#[tokio::test]
async fn a_repository_that_wants_credentials_says_so() {
    let (_repository, server) = private().await;
    let bench = Bench::new();
    let (kind, message) = failure(
        bench
            .fetch(&anonymous(&server.url("app")), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::CredentialsRefused, "{message}");
}

#[tokio::test]
async fn a_mirror_does_not_open_the_repository_to_others() {
    let (repository, server) = private().await;
    let bench = Bench::new();
    let remote = with_token(&server.url("app"), "right-token");
    bench.fetch(&remote, "main", None).await.unwrap();
    let stranger = anonymous(&server.url("app"));
    let commit = repository.head();
    let (kind, _) = failure(bench.fetch(&stranger, "main", Some(&commit)).await);
    assert_eq!(kind, FailureKind::CredentialsRefused);
}
