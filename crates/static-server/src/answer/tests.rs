use std::fs;
use std::path::PathBuf;

use super::{Asked, answer, parse_range};
use crate::file::Site;
use crate::request::parse;

/// A site in a folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("static-server-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("site/docs")).unwrap();
        let folder = Self(path);
        folder.write("site/index.html", "home");
        folder.write("site/about.html", "about");
        folder.write("site/docs/index.html", "docs");
        folder.write("site/app.3f9a2c1d.js", &"let a = 1;\n".repeat(200));
        folder.write("site/.env", "SECRET");
        folder.write("outside.txt", "SECRET");
        std::os::unix::fs::symlink("../outside.txt", folder.0.join("site/link.txt")).unwrap();
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn get(&self, spa: bool, path: &str, headers: &str) -> String {
        let site = Site::open(&self.0.join("site"), spa).unwrap();
        let mut out = Vec::new();
        let request = parse(&format!("GET {path} HTTP/1.1{headers}"));
        answer(&site, &request, &mut out).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn pages_folders_and_assets_are_found() {
    let folder = Folder::new("found");
    for (path, body) in [("/", "home"), ("/about", "about"), ("/docs/", "docs")] {
        let text = folder.get(false, path, "");
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with(body),
            "{text}"
        );
        assert!(text.contains("Cache-Control: no-cache\r\n"), "{text}");
    }
    let asset = folder.get(false, "/app.3f9a2c1d.js", "");
    assert!(asset.contains("max-age=31536000, immutable"), "{asset}");
    let folder_page = folder.get(false, "/docs?a=1", "");
    assert!(
        folder_page.contains("308 Permanent Redirect\r\nLocation: /docs/?a=1\r\n"),
        "{folder_page}"
    );
    let other_host = folder.get(false, "//docs", "");
    assert!(other_host.contains("Location: /docs/\r\n"), "{other_host}");
}

#[test]
fn nothing_outside_and_no_dotfile_is_served() {
    let folder = Folder::new("closed");
    for path in [
        "/.env",
        "/link.txt",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/docs/../.env",
    ] {
        let text = folder.get(true, path, "");
        assert!(text.starts_with("HTTP/1.1 404"), "{path}: {text}");
        assert!(!text.contains("SECRET"), "{path}: {text}");
    }
}

#[test]
fn a_single_page_app_answers_unknown_paths_but_not_missing_assets() {
    let folder = Folder::new("spa");
    assert!(folder.get(true, "/some/page", "").ends_with("home"));
    assert!(
        folder
            .get(true, "/missing.js", "")
            .starts_with("HTTP/1.1 404")
    );
    assert!(
        folder
            .get(false, "/some/page", "")
            .starts_with("HTTP/1.1 404")
    );
    folder.write("site/404.html", "lost");
    let lost = folder.get(false, "/some/page", "");
    assert!(
        lost.starts_with("HTTP/1.1 404 Not Found\r\n") && lost.ends_with("lost"),
        "{lost}"
    );
}

#[test]
fn ranges_tags_and_compression_work_together() {
    let folder = Folder::new("headers");
    let part = folder.get(false, "/", "\r\nRange: bytes=1-2");
    assert!(
        part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\nom"),
        "{part}"
    );
    assert!(part.contains("Content-Range: bytes 1-2/4\r\n"), "{part}");
    let behind = folder.get(false, "/", "\r\nRange: bytes=9-");
    assert!(behind.starts_with("HTTP/1.1 416"), "{behind}");
    let stale = folder.get(false, "/", "\r\nRange: bytes=1-2\r\nIf-Range: \"other\"");
    assert!(stale.starts_with("HTTP/1.1 200"), "{stale}");

    let etag = |text: &str| {
        text.split("ETag: ")
            .nth(1)
            .unwrap()
            .split("\r\n")
            .next()
            .unwrap()
            .to_owned()
    };
    let plain = folder.get(false, "/app.3f9a2c1d.js", "");
    let packed = folder.get(false, "/app.3f9a2c1d.js", "\r\nAccept-Encoding: gzip");
    assert!(packed.contains("Content-Encoding: gzip\r\n"), "{packed}");
    assert!(
        packed.len() < plain.len() / 3,
        "{} of {}",
        packed.len(),
        plain.len()
    );
    assert_ne!(etag(&plain), etag(&packed));
    let again = folder.get(
        false,
        "/app.3f9a2c1d.js",
        &format!("\r\nIf-None-Match: {}", etag(&plain)),
    );
    assert!(
        again.starts_with("HTTP/1.1 304") && again.ends_with("\r\n\r\n"),
        "{again}"
    );

    folder.write("site/app.3f9a2c1d.js.br", "packed before");
    let before = folder.get(false, "/app.3f9a2c1d.js", "\r\nAccept-Encoding: gzip, br");
    assert!(
        before.contains("Content-Encoding: br\r\n") && before.ends_with("packed before"),
        "{before}"
    );
}

#[test]
fn odd_ranges_are_read_as_the_standard_says() {
    for (text, asked) in [
        ("bytes=0-0", Asked::Part { first: 0, last: 0 }),
        ("bytes=5-99", Asked::Part { first: 5, last: 9 }),
        ("bytes=-3", Asked::Part { first: 7, last: 9 }),
        ("bytes=-0", Asked::Nothing),
        ("bytes=10-", Asked::Nothing),
        ("bytes=5-4", Asked::All),
        ("bytes=0-1,3-4", Asked::All),
        ("lines=1-2", Asked::All),
    ] {
        assert_eq!(parse_range(text, 10), asked, "{text}");
    }
    assert_eq!(parse_range("bytes=-5", 0), Asked::Nothing);
}
