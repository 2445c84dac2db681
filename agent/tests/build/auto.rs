//! Builds without a Dockerfile: built and asked over HTTP.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, RemoveContainerOptionsBuilder,
    StartContainerOptions, TagImageOptionsBuilder,
};
use longshore_agent::build::Image;
use longshore_domain::FailureKind;
use longshore_domain::source::{AutoBuild, Build, StaticBuild};

use super::{Bench, failure};

const AUTO: Build = Build::Auto(AutoBuild {});

/// The fixture image stands in for its slim form too.
async fn slim(bench: &Bench, name: &str, tag: &str) {
    let options = TagImageOptionsBuilder::default()
        .repo(name)
        .tag(&format!("{tag}-slim"))
        .build();
    bench
        .docker
        .tag_image(&format!("{name}:{tag}"), Some(options))
        .await
        .unwrap();
}

/// Status, headers and body of each path, from a container of the image.
async fn ask(bench: &Bench, image: &Image, paths: &[&str]) -> Vec<(u16, String, String)> {
    let body = ContainerCreateBody {
        image: Some(image.digest.clone()),
        env: Some(vec!["PORT=8123".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let id = bench
        .docker
        .create_container(None::<CreateContainerOptions>, body)
        .await
        .unwrap()
        .id;
    bench
        .docker
        .start_container(&id, None::<StartContainerOptions>)
        .await
        .unwrap();
    let details = bench
        .docker
        .inspect_container(&id, None::<InspectContainerOptions>)
        .await
        .unwrap();
    let networks = details.network_settings.unwrap().networks.unwrap();
    let address = networks["bridge"].ip_address.clone().unwrap();
    let mut answers = Vec::new();
    for path in paths {
        let url = format!("http://{address}:8123{path}");
        let mut tries = 0;
        let response = loop {
            match reqwest::get(&url).await {
                Ok(response) => break response,
                Err(error) if tries == 100 => panic!("{error}"),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        };
        let (status, headers) = (response.status(), format!("{:?}", response.headers()));
        answers.push((status.as_u16(), headers, response.text().await.unwrap()));
    }
    let force = RemoveContainerOptionsBuilder::default().force(true).build();
    bench
        .docker
        .remove_container(&id, Some(force))
        .await
        .unwrap();
    answers
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
    bench.write("site/app.3f9a2c1d.js", "1");
    bench.write("site/.env", "SECRET");
    let build = Build::Static(StaticBuild {
        directory: "site".parse().unwrap(),
        spa: true,
        command: None,
    });
    let image = bench.build_by(&build, 1, "t", false).await.unwrap();
    let answers = ask(
        &bench,
        &image,
        &["/", "/a/page", "/app.3f9a2c1d.js", "/.env"],
    )
    .await;
    assert_eq!((answers[0].0, answers[0].2.as_str()), (200, "home"));
    assert_eq!((answers[1].0, answers[1].2.as_str()), (200, "home"));
    assert!(answers[2].1.contains("immutable"), "{}", answers[2].1);
    assert_eq!(answers[3].0, 404);
}

#[tokio::test]
async fn a_node_app_is_found_built_and_answers() {
    let bench = bare().await;
    slim(&bench, "node", "20").await;
    bench.write(
        "package.json",
        r#"{"name":"a","version":"1.0.0","engines":{"node":"20"},"scripts":{"start":"node server.js"},"dependencies":{}}"#,
    );
    bench.write(
        "package-lock.json",
        r#"{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"a","version":"1.0.0"}}}"#,
    );
    bench.write(
        "server.js",
        "require('http').createServer((q, a) => a.end('node')).listen(process.env.PORT);",
    );
    let image = bench.build_by(&AUTO, 1, "t", false).await.unwrap();
    assert_eq!(ask(&bench, &image, &["/"]).await[0].2, "node");
    assert!(
        bench.said().contains("FROM node:20-slim"),
        "{}",
        bench.said()
    );
}

#[tokio::test]
async fn a_python_app_is_found_built_and_answers() {
    let bench = bare().await;
    slim(&bench, "python", "3.11").await;
    bench.write(".python-version", "3.11\n");
    bench.write("requirements.txt", "flask\n");
    bench.write(
        "app.py",
        "from flask import Flask\napp = Flask(__name__)\n\n@app.get('/')\ndef home():\n    return 'python'\n",
    );
    let image = bench.build_by(&AUTO, 1, "t", false).await.unwrap();
    assert_eq!(ask(&bench, &image, &["/"]).await[0].2, "python");
}

#[tokio::test]
async fn a_repository_of_nothing_known_says_what_was_looked_for() {
    let bench = bare().await;
    bench.write("README.md", "");
    let (kind, message) = failure(bench.build_by(&AUTO, 1, "t", false).await);
    assert_eq!(kind, FailureKind::BuildUndetected);
    assert!(message.contains("package.json"), "{message}");
}
