use longshore_domain::FailureKind;
use longshore_testkit::git::{Credentials, GitHttp, Repository};

use super::{Bench, anonymous, failure, with_token};

/// Three repositories below one root: `app` holds `lib`, and that holds `deep`.
fn nested(url_of_lib: &str) -> Repository {
    let app = Repository::new("app").file("a", "app");
    for name in ["deep", "lib"] {
        let path = app.root().join(name);
        std::fs::create_dir(&path).unwrap();
        let path = path.to_str().unwrap().to_owned();
        app.git(&["init", "--quiet", "--initial-branch=main", &path]);
        std::fs::write(format!("{path}/file"), name).unwrap();
        if name == "lib" {
            add_gitlink(&app, &path, "deep", "../deep", &head(&app, "deep"));
        }
        app.git(&["-C", &path, "add", "--all"]);
        app.git(&["-C", &path, "commit", "--quiet", "--message", name]);
        app.git(&[
            "-C",
            &path,
            "config",
            "uploadpack.allowAnySHA1InWant",
            "true",
        ]);
    }
    let path = app.path().to_str().unwrap().to_owned();
    let lib = head(&app, "lib");
    add_gitlink(&app, &path, "vendor/lib", url_of_lib, &lib);
    app.git(&["add", "a", ".gitmodules"]);
    app.git(&["commit", "--quiet", "--message", "First"]);
    app
}

fn head(app: &Repository, name: &str) -> String {
    let path = app.root().join(name);
    app.git(&["-C", path.to_str().unwrap(), "rev-parse", "HEAD"])
}

fn add_gitlink(app: &Repository, repository: &str, path: &str, url: &str, commit: &str) {
    let text = format!("[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n");
    std::fs::write(format!("{repository}/.gitmodules"), text).unwrap();
    std::fs::create_dir_all(format!("{repository}/{path}")).unwrap();
    let info = format!("160000,{commit},{path}");
    app.git(&[
        "-C",
        repository,
        "update-index",
        "--add",
        "--cacheinfo",
        &info,
    ]);
}

#[tokio::test]
async fn submodules_of_submodules_with_relative_urls_are_checked_out() {
    let app = nested("../lib");
    let server = GitHttp::start(app.root()).await;
    let bench = Bench::new();
    let remote = anonymous(&server.url("app"));
    let plain = bench.fetch(&remote, "main", None).await.unwrap();
    assert!(!bench.tree().join("vendor/lib/file").exists());
    let full = bench.fetch_with(&remote, "main", None, true).await.unwrap();
    assert_eq!(bench.read("a"), "app");
    assert_eq!(bench.read("vendor/lib/file"), "lib");
    assert_eq!(bench.read("vendor/lib/deep/file"), "deep");
    assert_ne!(plain.tree, full.tree, "other content, other identity");
}

#[tokio::test]
async fn the_token_goes_to_submodules_of_the_same_host_only() {
    let credentials = Credentials {
        user: "ada".to_owned(),
        password: "token".to_owned(),
    };
    let app = nested("../lib");
    let server = GitHttp::start_private(app.root(), &credentials).await;
    let bench = Bench::new();
    let remote = with_token(&server.url("app"), "token");
    bench.fetch_with(&remote, "main", None, true).await.unwrap();

    let elsewhere = nested("../lib");
    let other = GitHttp::start_private(elsewhere.root(), &credentials).await;
    let app = nested(&other.url("lib"));
    let server = GitHttp::start_private(app.root(), &credentials).await;
    let remote = with_token(&server.url("app"), "token");
    let (kind, message) = failure(bench.fetch_with(&remote, "main", None, true).await);
    assert_eq!(kind, FailureKind::CredentialsRefused, "{message}");
    assert!(message.starts_with("Submodule vendor/lib: "), "{message}");
}

#[tokio::test]
async fn submodules_by_file_or_of_the_machine_are_refused() {
    for url in [
        "file:///etc",
        "/srv/secret",
        "../../../../x",
        "ext::sh -c id",
        "-u",
    ] {
        let app = nested(url);
        let server = GitHttp::start(app.root()).await;
        let bench = Bench::new();
        let remote = anonymous(&server.url("app"));
        let (kind, message) = failure(bench.fetch_with(&remote, "main", None, true).await);
        assert_eq!(kind, FailureKind::PathInvalid, "{url}: {message}");
        assert!(message.contains("vendor/lib"), "{message}");
    }
}
