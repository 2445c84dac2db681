//! Builds without a Dockerfile: built and asked over HTTP.

use std::time::Duration;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, StartContainerOptions,
};
use longshore_agent::build::Image;
use longshore_domain::FailureKind;
use longshore_domain::source::{AutoBuild, Build, StaticBuild};
use longshore_testkit::engine::RUN_LABEL;
use longshore_testkit::wait;

use super::{Bench, failure};

const AUTO: Build = Build::Auto(AutoBuild {
    variables: Vec::new(),
});

/// A running container of an image; the bench's guard removes it.
struct Site {
    address: String,
    http: reqwest::Client,
}

impl Site {
    async fn start(bench: &Bench, image: &Image) -> Self {
        let body = ContainerCreateBody {
            image: Some(image.digest.clone()),
            env: Some(vec!["PORT=8123".to_owned()]),
            labels: Some([(RUN_LABEL.to_owned(), bench.run.name().to_owned())].into()),
            ..ContainerCreateBody::default()
        };
        let docker = &bench.docker;
        let none = None::<CreateContainerOptions>;
        let id = docker.create_container(none, body).await.unwrap().id;
        let none = None::<StartContainerOptions>;
        docker.start_container(&id, none).await.unwrap();
        let none = None::<InspectContainerOptions>;
        let details = docker.inspect_container(&id, none).await.unwrap();
        let networks = details.network_settings.unwrap().networks.unwrap();
        let site = Self {
            address: networks["bridge"].ip_address.clone().unwrap(),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        };
        wait::until(
            "the container's answer",
            Duration::from_secs(30),
            || async { site.http.get(site.url("/")).send().await.ok().map(drop) },
        )
        .await;
        site
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}:8123{path}", self.address)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// One header of an answer to a browser, empty when it is not there.
    async fn header(&self, path: &str, name: &str) -> String {
        let request = self
            .http
            .get(self.url(path))
            .header("accept-encoding", "gzip");
        let answer = request.send().await.unwrap();
        let value = answer.headers().get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }
}

fn site_of(directory: &str, spa: bool, command: Option<&str>) -> Build {
    Build::Static(StaticBuild {
        directory: directory.parse().unwrap(),
        spa,
        command: command.map(str::to_owned),
        variables: vec!["VITE_*".parse().unwrap()],
    })
}

async fn bare() -> Bench {
    let bench = Bench::new("").await;
    std::fs::remove_file(bench.checkout.path().join("Dockerfile")).unwrap();
    bench
}

#[tokio::test]
async fn a_static_site_answers_with_its_headers() {
    let bench = bare().await;
    bench.write("site/index.html", "home");
    bench.write("site/about.html", "about");
    bench.write("site/404.html", "no such page");
    bench.write("site/app.3f9a2c1d.js", &"let a = 1;\n".repeat(200));
    bench.write("site/docs/index.html", "docs");
    bench.write("site/.env", "SECRET");
    bench.write("other.txt", "not in the folder");
    let build = site_of("site", false, None);
    let image = bench.build_by(&build, 1, "t", false).await.unwrap();
    assert!(image.size_bytes < 4_000_000, "{} bytes", image.size_bytes);
    let site = Site::start(&bench, &image).await;
    for (path, status, text) in [
        ("/", 200, "home"),
        ("/about", 200, "about"),
        ("/docs/", 200, "docs"),
        ("/a/page", 404, "no such page"),
        ("/.env", 404, "no such page"),
        ("/other.txt", 404, "no such page"),
        ("/../other.txt", 404, "no such page"),
    ] {
        assert_eq!(site.get(path).await, (status, text.to_owned()), "{path}");
    }
    assert_eq!(site.header("/docs", "location").await, "/docs/");
    let asset = "/app.3f9a2c1d.js";
    assert_eq!(site.header(asset, "content-encoding").await, "gzip");
    assert!(
        site.header(asset, "cache-control")
            .await
            .contains("immutable")
    );
    assert_eq!(site.header("/", "cache-control").await, "no-cache");
    assert_eq!(
        site.header("/", "content-type").await,
        "text/html; charset=utf-8"
    );
}

#[tokio::test]
async fn a_single_page_app_answers_paths_without_a_file_and_keeps_missing_assets_missing() {
    let bench = bare().await;
    bench.write("index.html", "the app");
    let build = site_of(".", true, None);
    let image = bench.build_by(&build, 1, "t", false).await.unwrap();
    let site = Site::start(&bench, &image).await;
    assert_eq!(site.get("/a/page").await, (200, "the app".to_owned()));
    assert_eq!(site.get("/gone.js").await.0, 404);
}

#[tokio::test]
async fn a_static_sites_command_makes_its_files() {
    let bench = bare().await;
    bench.write(
        "package.json",
        r#"{"engines":{"node":"20"},"scripts":{"build":"node make.js"}}"#,
    );
    bench.write(
        "make.js",
        "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'made');",
    );
    let build = site_of(
        "dist",
        false,
        Some("npm run build && echo $((6 * 7)) > dist/six.txt"),
    );
    let image = bench.build_by(&build, 1, "t", false).await.unwrap();
    let site = Site::start(&bench, &image).await;
    assert_eq!(site.get("/").await, (200, "made".to_owned()));
    assert_eq!(site.get("/six.txt").await, (200, "42\n".to_owned()));
    assert_eq!(site.get("/make.js").await.0, 404);
}

#[tokio::test]
async fn a_variable_reaches_the_build_that_asks_for_it_and_a_new_value_builds_anew() {
    let mut bench = bare().await;
    bench.write("package.json", r#"{"engines":{"node":"20"}}"#);
    let command = "mkdir dist && echo \"$VITE_API $OTHER\" > dist/index.html";
    let build = site_of("dist", false, Some(command));
    for (number, value) in [(1, "https://one.example"), (2, "two \"$HOME\" ü")] {
        bench.variables = [("VITE_API", value), ("OTHER", "other")]
            .map(|(key, value)| (key.parse().unwrap(), value.into()))
            .into();
        let image = bench.build_by(&build, number, "t", false).await.unwrap();
        assert!(!image.reused, "{number}");
        let site = Site::start(&bench, &image).await;
        assert_eq!(site.get("/").await, (200, format!("{value} \n")));
    }
    let again = bench.build_by(&build, 3, "t", false).await.unwrap();
    assert!(again.reused);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let bench = bare().await;
    bench.write("index.html", "");
    let build = site_of("dist", false, None);
    let (kind, message) = failure(bench.build_by(&build, 1, "t", false).await);
    assert_eq!(kind, FailureKind::PathInvalid);
    assert_eq!(
        message,
        "build.static.directory: dist does not exist in the repository."
    );
}

#[tokio::test]
async fn a_node_app_is_found_built_and_answers() {
    let bench = bare().await;
    bench.write(
        "package.json",
        r#"{"name":"a","version":"1.0.0","engines":{"node":"20"},"scripts":{"start":"node server.js"}}"#,
    );
    bench.write(
        "package-lock.json",
        r#"{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"a","version":"1.0.0"}}}"#,
    );
    bench.write(
        "server.js",
        "require('http').createServer((q, a) => a.end('node as ' + process.getuid())).listen(process.env.PORT);",
    );
    let image = bench.build_by(&AUTO, 1, "t", false).await.unwrap();
    let site = Site::start(&bench, &image).await;
    assert_eq!(site.get("/").await, (200, "node as 1000".to_owned()));
    let said = bench.said();
    assert!(said.contains("Found Node 20 with npm"), "{said}");
    assert!(said.contains("FROM node:20-slim"), "{said}");
    // The same files again are not built again.
    let again = bench.build_by(&AUTO, 2, "t", false).await.unwrap();
    assert!(again.reused, "{again:?}");
    assert_eq!(again.digest, image.digest);
}

#[tokio::test]
async fn a_python_app_is_found_built_and_answers() {
    let bench = bare().await;
    bench.write(".python-version", "3.11\n");
    bench.write("requirements.txt", "# The standard library is enough.\n");
    bench.write(
        "main.py",
        "import os\n\
         from http.server import BaseHTTPRequestHandler, HTTPServer\n\n\
         class Home(BaseHTTPRequestHandler):\n    \
             def do_GET(self):\n        \
                 self.send_response(200)\n        \
                 self.end_headers()\n        \
                 self.wfile.write(b'python as %d' % os.getuid())\n\n\
         HTTPServer(('', int(os.environ['PORT'])), Home).serve_forever()\n",
    );
    let image = bench.build_by(&AUTO, 1, "t", false).await.unwrap();
    let site = Site::start(&bench, &image).await;
    assert_eq!(site.get("/").await, (200, "python as 10001".to_owned()));
}

#[tokio::test]
async fn a_repository_of_nothing_known_says_what_was_looked_for() {
    let bench = bare().await;
    bench.write("README.md", "");
    let (kind, message) = failure(bench.build_by(&AUTO, 1, "t", false).await);
    assert_eq!(kind, FailureKind::BuildUndetected);
    assert_eq!(kind.as_str(), "build_undetected");
    assert!(message.contains("package.json"), "{message}");
    assert!(
        kind.advice().contains("Add a Dockerfile"),
        "{}",
        kind.advice()
    );
}
