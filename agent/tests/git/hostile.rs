use std::io::Write as _;
use std::process::{Command, Stdio};

use longshore_domain::FailureKind;
use longshore_testkit::git::{GitHttp, Repository};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Bench, anonymous, failure, with_token};

/// Writes a tree object that Git's own commands would not write.
fn raw_tree(repository: &Repository, entries: &[(&str, &str, &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, oid) in entries {
        bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        bytes.extend_from_slice(&hex::decode(oid).unwrap());
    }
    let mut child = Command::new("git")
        .args(["hash-object", "-t", "tree", "--literally", "-w", "--stdin"])
        .current_dir(repository.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn blob(repository: &Repository, text: &str) -> String {
    repository.write("blob", text);
    repository.git(&["hash-object", "-w", "blob"])
}

fn commit_tree(repository: &Repository, tree: &str) {
    let commit = repository.git(&["commit-tree", tree, "-m", "hostile"]);
    repository.git(&["update-ref", "refs/heads/main", &commit]);
}

#[tokio::test]
async fn hostile_names_are_refused_and_nothing_is_written_outside() {
    for name in ["..", ".git", ".GIT", "a/b", "../escaped", "."] {
        let repository = Repository::new("app");
        let file = blob(&repository, "gotcha");
        let inner = raw_tree(&repository, &[("100644", "escaped", &file)]);
        let tree = if name == ".." || name == ".git" {
            raw_tree(&repository, &[("40000", name, &inner)])
        } else {
            raw_tree(&repository, &[("100644", name, &file)])
        };
        commit_tree(&repository, &tree);
        let server = GitHttp::start(repository.root()).await;
        let bench = Bench::new();
        let result = bench
            .fetch(&anonymous(&server.url("app")), "main", None)
            .await;
        let (_, message) = failure(result);
        assert!(
            !bench.folder.path().join("escaped").exists(),
            "{name}: {message}"
        );
        assert!(!bench.tree().join(".git").exists(), "{name}: {message}");
    }
}

#[tokio::test]
async fn nothing_is_written_through_a_link() {
    let repository = Repository::new("app");
    let outside = tempfile::tempdir().unwrap();
    let link = blob(&repository, outside.path().to_str().unwrap());
    let file = blob(&repository, "gotcha");
    let inner = raw_tree(&repository, &[("100644", "escaped", &file)]);
    let tree = raw_tree(
        &repository,
        &[("120000", "a", &link), ("40000", "a", &inner)],
    );
    commit_tree(&repository, &tree);
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let (kind, message) = failure(
        bench
            .fetch(&anonymous(&server.url("app")), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::PathInvalid, "{message}");
    assert!(!outside.path().join("escaped").exists());
}

#[tokio::test]
async fn links_are_only_data() {
    let repository = Repository::new("app").file("a", "b");
    repository.link("out", "/etc");
    repository.link("up", "../../..");
    repository.commit("Links");
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let remote = anonymous(&server.url("app"));
    bench.fetch(&remote, "main", None).await.unwrap();
    let target = std::fs::read_link(bench.tree().join("out")).unwrap();
    assert_eq!(target.to_str(), Some("/etc"));
    // The next checkout removes the links, not what they name.
    bench.fetch(&remote, "main", None).await.unwrap();
    assert!(std::path::Path::new("/etc/hostname").exists());
}

#[tokio::test]
async fn a_tree_that_names_itself_into_billions_is_refused() {
    let repository = Repository::new("app");
    let file = blob(&repository, "x");
    let mut tree = raw_tree(&repository, &[("100644", "f", &file)]);
    for _ in 0..200 {
        tree = raw_tree(&repository, &[("40000", "d", &tree)]);
    }
    commit_tree(&repository, &tree);
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let (kind, message) = failure(
        bench
            .fetch(&anonymous(&server.url("app")), "main", None)
            .await,
    );
    assert_eq!(kind, FailureKind::PathInvalid, "{message}");
    assert!(message.len() < 400, "{message}");
}

#[tokio::test]
async fn attributes_start_no_program() {
    let repository = Repository::new("app")
        .file(".gitattributes", "* filter=evil text eol=crlf\n")
        .file("a", "one\n");
    repository.commit("Attributes");
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    bench
        .fetch(&anonymous(&server.url("app")), "main", None)
        .await
        .unwrap();
    assert_eq!(bench.read("a"), "one\n");
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_no_token() {
    let target = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let location = format!(
        "http://{}/app/info/refs?service=git-upload-pack",
        target.local_addr().unwrap()
    );
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/app", front.local_addr().unwrap());
    let redirects = async {
        loop {
            let (mut stream, _) = front.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    let bench = Bench::new();
    let remote = with_token(&url, "token");
    let result = tokio::select! {
        result = bench.fetch(&remote, "main", None) => result,
        () = redirects => unreachable!(),
        _ = target.accept() => panic!("the redirect was followed"),
    };
    let (kind, message) = failure(result);
    assert_eq!(kind, FailureKind::RepositoryUnreachable, "{message}");
    assert!(message.contains("redirects"), "{message}");
}
