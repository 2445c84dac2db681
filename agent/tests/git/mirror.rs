use std::time::Duration;

use longshore_agent::git;
use longshore_agent_api::RepositoryCheck;
use longshore_domain::{FailureKind, GitUrl};
use longshore_testkit::git::{GitDaemon, GitHttp, Repository};

use super::{Bench, anonymous, failure};

fn sample() -> Repository {
    let repository = Repository::new("app")
        .file("Dockerfile", "FROM scratch\n")
        .file("src/main", "one\n");
    repository.commit("First line\n\nMore words");
    repository
}

#[tokio::test]
async fn the_head_of_a_branch_is_checked_out_without_a_git_folder() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let checkout = bench
        .fetch(&anonymous(&server.url("app")), "main", None)
        .await
        .unwrap();
    assert_eq!(checkout.sha.as_str(), repository.head());
    assert_eq!(checkout.subject, "First line");
    assert_eq!(checkout.author, "Ada");
    assert_eq!(checkout.tree, repository.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(checkout.host_key, None);
    assert!(!checkout.reused);
    assert_eq!(bench.read("src/main"), "one\n");
    assert!(!bench.tree().join(".git").exists());
}

#[tokio::test]
async fn only_what_is_new_is_fetched() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let remote = anonymous(&server.url("app"));
    let bench = Bench::new();
    bench.fetch(&remote, "main", None).await.unwrap();
    let again = bench.fetch(&remote, "main", None).await.unwrap();
    assert!(again.reused);
    repository.write("src/main", "two\n");
    std::fs::remove_file(repository.path().join("Dockerfile")).unwrap();
    let second = repository.commit("Second");
    let next = bench.fetch(&remote, "main", None).await.unwrap();
    assert_eq!((next.sha.as_str(), next.reused), (second.as_str(), false));
    assert_eq!(bench.read("src/main"), "two\n");
    assert!(!bench.tree().join("Dockerfile").exists(), "a fresh tree");
}

#[tokio::test]
async fn a_tag_and_its_commit_are_found() {
    let repository = sample();
    repository.git(&["tag", "--annotate", "v1", "--message", "one"]);
    let tagged = repository.head();
    repository.commit("Later");
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let remote = anonymous(&server.url("app"));
    let checkout = bench.fetch(&remote, "v1", None).await.unwrap();
    assert_eq!(checkout.sha.as_str(), tagged);
}

#[tokio::test]
async fn an_exact_commit_is_found_on_the_branch_and_off_it() {
    let repository = sample();
    let first = repository.head();
    repository.branch("other");
    repository.write("src/main", "other\n");
    let other = repository.commit("Other");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.commit("Second");
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let remote = anonymous(&server.url("app"));
    let checkout = bench.fetch(&remote, "main", Some(&first)).await.unwrap();
    assert_eq!(checkout.sha.as_str(), first);
    let checkout = bench.fetch(&remote, "main", Some(&other)).await.unwrap();
    assert_eq!(checkout.sha.as_str(), other);
    assert_eq!(bench.read("src/main"), "other\n");
}

#[tokio::test]
async fn a_host_that_gives_no_single_commits_gives_all_branches() {
    let repository = sample();
    repository.git(&["config", "uploadpack.allowAnySHA1InWant", "false"]);
    repository.branch("other");
    repository.commit("Older");
    let older = repository.head();
    repository.commit("Newer");
    repository.git(&["checkout", "--quiet", "main"]);
    let server = GitDaemon::start(repository.root()).await;
    let bench = Bench::new();
    let remote = anonymous(&server.url("app"));
    let checkout = bench.fetch(&remote, "main", Some(&older)).await.unwrap();
    assert_eq!(checkout.sha.as_str(), older);
    assert!(bench.said().contains("all branches"), "{}", bench.said());
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let remote = anonymous(&server.url("app"));
    let bench = Bench::new();
    let (kind, message) = failure(bench.fetch(&remote, "nope", None).await);
    assert_eq!(kind, FailureKind::ReferenceNotFound);
    assert!(message.contains("nope"), "{message}");
    let absent = "0123456789012345678901234567890123456789";
    let (kind, message) = failure(bench.fetch(&remote, "main", Some(absent)).await);
    assert_eq!(kind, FailureKind::ReferenceNotFound, "{message}");
    assert!(message.contains(absent), "{message}");
    let (kind, message) = failure(
        bench
            .fetch(&anonymous(&server.url("gone")), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::RepositoryUnreachable, "{message}");
    let nobody = anonymous("http://127.0.0.1:1/app");
    let (kind, message) = failure(bench.fetch(&nobody, "main", None).await);
    assert_eq!(kind, FailureKind::RepositoryUnreachable, "{message}");
}

#[tokio::test]
async fn an_empty_repository_says_so() {
    let repository = Repository::new("empty");
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let (kind, message) = failure(
        bench
            .fetch(&anonymous(&server.url("empty")), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::ReferenceNotFound, "{message}");
    assert!(message.contains("empty"), "{message}");
}

#[tokio::test]
async fn a_branch_that_was_rewritten_and_renamed_is_followed() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let remote = anonymous(&server.url("app"));
    let bench = Bench::new();
    repository.branch("feature");
    bench.fetch(&remote, "feature", None).await.unwrap();
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["branch", "-D", "feature"]);
    repository.branch("feature/one");
    repository.git(&["commit", "--amend", "--quiet", "--message", "Rewritten"]);
    let checkout = bench.fetch(&remote, "feature/one", None).await.unwrap();
    assert_eq!(checkout.sha.as_str(), repository.head());
    assert_eq!(checkout.subject, "Rewritten");
}

#[tokio::test]
async fn a_damaged_mirror_is_fetched_anew() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let remote = anonymous(&server.url("app"));
    let bench = Bench::new();
    bench.fetch(&remote, "main", None).await.unwrap();
    for damage in ["packs", "head", "objects"] {
        let mirror = std::fs::read_dir(bench.mirrors())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.is_dir())
            .unwrap();
        match damage {
            "head" => std::fs::write(mirror.join("HEAD"), "nonsense").unwrap(),
            "objects" => std::fs::remove_dir_all(mirror.join("objects")).unwrap(),
            _ => {
                for file in std::fs::read_dir(mirror.join("objects/pack")).unwrap() {
                    let path = file.unwrap().path();
                    if path
                        .extension()
                        .is_some_and(|extension| extension == "pack")
                    {
                        let length = path.metadata().unwrap().len();
                        std::fs::remove_file(&path).unwrap();
                        std::fs::write(&path, vec![7; usize::try_from(length).unwrap()]).unwrap();
                    }
                }
            }
        }
        let checkout = bench.fetch(&remote, "main", None).await.unwrap();
        assert_eq!(checkout.sha.as_str(), repository.head(), "{damage}");
        assert_eq!(bench.read("src/main"), "one\n", "{damage}");
    }
}

#[tokio::test]
async fn two_fetches_of_one_repository_wait_for_each_other() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let remote = anonymous(&server.url("app"));
    let bench = Bench::new();
    let trees: Vec<_> = (0..4)
        .map(|index| bench.folder.path().join(format!("tree{index}")))
        .collect();
    let (context, mirrors, branch) = (bench.context(), bench.mirrors(), "main".parse().unwrap());
    let fetches = trees
        .iter()
        .map(|tree| git::fetch(&context, &remote, &branch, None, false, &mirrors, tree));
    for result in futures_util::future::join_all(fetches).await {
        assert_eq!(result.unwrap().sha.as_str(), repository.head());
    }
}

#[tokio::test]
async fn a_check_tells_branches_and_the_head() {
    let repository = sample();
    repository.branch("dev/one");
    repository.git(&["checkout", "--quiet", "main"]);
    let server = GitHttp::start(repository.root()).await;
    let mut request = RepositoryCheck {
        repository: anonymous(&server.url("app")),
        branch: Some("main".parse().unwrap()),
    };
    let report = git::check(&request).await.unwrap();
    assert_eq!(report.head.unwrap().as_str(), repository.head());
    assert_eq!(report.default_branch.as_deref(), Some("main"));
    assert_eq!(report.branches, ["dev/one", "main"]);
    request.branch = Some("nope".parse().unwrap());
    assert_eq!(git::check(&request).await.unwrap().head, None);
    request.repository = anonymous(&server.url("gone"));
    let problem = git::check(&request).await.unwrap_err();
    assert_eq!(problem.kind, FailureKind::RepositoryUnreachable);
}

#[tokio::test]
async fn mirrors_that_nobody_uses_are_removed_and_made_again_when_needed() {
    let repository = sample();
    let server = GitHttp::start(repository.root()).await;
    let remote = anonymous(&server.url("app"));
    let bench = Bench::new();
    bench.fetch(&remote, "main", None).await.unwrap();
    let remove = |used: &[GitUrl], unused_for| {
        git::remove_unused(&bench.mirrors(), used, unused_for).unwrap()
    };
    let used = [remote.url.clone()];
    assert_eq!(remove(&used, Duration::ZERO), 0, "a service names it");
    assert_eq!(
        remove(&[], Duration::from_hours(1)),
        0,
        "it was used just now"
    );
    let lock = std::fs::read_dir(bench.mirrors())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_file())
        .unwrap();
    let lock = std::fs::File::open(lock).unwrap();
    lock.lock().unwrap();
    assert_eq!(remove(&[], Duration::ZERO), 0, "a job is at work with it");
    lock.unlock().unwrap();
    assert_eq!(remove(&[], Duration::ZERO), 1);
    assert_eq!(std::fs::read_dir(bench.mirrors()).unwrap().count(), 0);
    let again = bench.fetch(&remote, "main", None).await.unwrap();
    assert!(!again.reused);
}
