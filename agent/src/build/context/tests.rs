use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use longshore_domain::source::DockerfileBuild;

use super::Context;
use crate::build::paths;

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn bytes(root: &Path, build: &DockerfileBuild) -> (String, Vec<u8>) {
    let place = paths::resolve(root, build).unwrap();
    let context = Context::new(&place, root).unwrap();
    let dockerfile = context.dockerfile.clone();
    let mut receiver = context.stream();
    let mut all = Vec::new();
    while let Some(chunk) = receiver.recv().await {
        all.extend_from_slice(&chunk.unwrap());
    }
    (dockerfile, all)
}

fn names(bytes: &[u8]) -> Vec<String> {
    tar::Archive::new(bytes)
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            match entry.link_name().unwrap() {
                Some(target) => format!("{path} -> {}", target.display()),
                None => path,
            }
        })
        .collect()
}

#[tokio::test]
async fn the_same_files_give_the_same_bytes() {
    let mut archives = Vec::new();
    for seconds in [1000, 2000] {
        let directory = tempfile::tempdir().unwrap();
        for name in ["Dockerfile", "b/c", "a"] {
            write(directory.path(), name, name);
            let file = std::fs::File::options()
                .write(true)
                .open(directory.path().join(name))
                .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
                .unwrap();
        }
        std::fs::File::open(directory.path())
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(500))
            .unwrap();
        archives.push(bytes(directory.path(), &DockerfileBuild::default()).await.1);
    }
    assert_eq!(archives[0], archives[1]);
    assert_eq!(names(&archives[0]), ["Dockerfile", "a", "b", "b/c"]);
    let mut archive = tar::Archive::new(archives[0].as_slice());
    let first = archive.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(first.header().mtime().unwrap(), 500);
}

#[tokio::test]
async fn links_are_sent_as_links_and_never_followed() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "Dockerfile", "FROM scratch");
    symlink("/etc/passwd", directory.path().join("file")).unwrap();
    symlink("../../..", directory.path().join("folder")).unwrap();
    symlink("x/".repeat(120), directory.path().join("long")).unwrap();
    let (_, bytes) = bytes(directory.path(), &DockerfileBuild::default()).await;
    assert_eq!(
        names(&bytes),
        [
            "Dockerfile".to_owned(),
            "file -> /etc/passwd".to_owned(),
            "folder -> ../../..".to_owned(),
            format!("long -> {}", "x/".repeat(120)),
        ]
    );
}

#[tokio::test]
async fn what_the_ignore_file_names_is_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    for name in [
        "Dockerfile",
        "docs/a",
        "docs/keep/b",
        "node_modules/x/y",
        "src/main",
    ] {
        write(directory.path(), name, name);
    }
    write(
        directory.path(),
        ".dockerignore",
        "docs\n!docs/keep\nnode_modules\n.dockerignore\n",
    );
    let (_, bytes) = bytes(directory.path(), &DockerfileBuild::default()).await;
    assert_eq!(
        names(&bytes),
        ["Dockerfile", "docs/keep", "docs/keep/b", "src", "src/main"]
    );
}

#[tokio::test]
async fn a_dockerfile_outside_of_the_context_is_sent_in_addition() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "docker/app", "FROM scratch\n");
    write(directory.path(), "app/main", "x");
    let build = DockerfileBuild {
        path: "docker/app".parse().unwrap(),
        context: "app".parse().unwrap(),
        ..DockerfileBuild::default()
    };
    let (dockerfile, bytes) = bytes(directory.path(), &build).await;
    assert_eq!(names(&bytes), [dockerfile.as_str(), "main"]);
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut text = String::new();
    let mut first = archive.entries().unwrap().next().unwrap().unwrap();
    first.read_to_string(&mut text).unwrap();
    assert_eq!(text, "FROM scratch\n");
}

#[tokio::test]
async fn an_excluded_dockerfile_is_sent_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "Dockerfile", "FROM scratch");
    write(directory.path(), ".dockerignore", "*\n!main\n");
    write(directory.path(), "main", "x");
    let (dockerfile, bytes) = bytes(directory.path(), &DockerfileBuild::default()).await;
    assert_eq!(names(&bytes), [dockerfile.as_str(), "main"]);
}

#[tokio::test]
async fn a_large_context_is_not_held_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "Dockerfile", "FROM scratch");
    write(directory.path(), "large", &"x".repeat(8 * 1024 * 1024));
    let place = paths::resolve(directory.path(), &DockerfileBuild::default()).unwrap();
    let receiver = Context::new(&place, directory.path()).unwrap().stream();
    while receiver.len() < super::WAITING {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.len(), super::WAITING);
}
