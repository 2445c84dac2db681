use longshore_agent::build;
use longshore_domain::FailureKind;

use super::{Bench, failure};

#[tokio::test]
async fn an_image_on_the_machine_is_taken_when_no_registry_gives_it() {
    let bench = Bench::new("FROM busybox\nRUN echo x\n").await;
    let built = bench.build(1).await.unwrap();
    let reference = built.tag.parse().unwrap();
    let tag = format!("{}/pulled:7", bench.run.name());
    let image = build::pull(&bench.context(), &bench.docker, &reference, &[], &tag)
        .await
        .unwrap();
    assert_eq!(image.digest, built.digest);
    assert_eq!(image.tag, tag);
    assert!(bench.docker.inspect_image(&tag).await.is_ok());
    assert!(
        bench.said().contains("the image on this server is used"),
        "{}",
        bench.said()
    );
}

#[tokio::test]
async fn an_image_that_is_nowhere_is_named() {
    let bench = Bench::new("FROM busybox\n").await;
    let reference = "registry.example/team/nope:1".parse().unwrap();
    let result = build::pull(
        &bench.context(),
        &bench.docker,
        &reference,
        &[],
        &bench.tag(1),
    )
    .await;
    let (kind, message) = failure(result);
    assert_eq!(kind, FailureKind::ImagePull);
    assert!(
        message.contains("registry.example/team/nope:1"),
        "{message}"
    );
}

#[tokio::test]
async fn an_image_of_another_service_is_not_taken_by_its_tag() {
    let bench = Bench::new("FROM busybox\nCMD [\"true\"]\n").await;
    let built = bench.build(1).await.unwrap();
    let name = format!("{}.invalid/0190", bench.run.name());
    let tag = format!("{name}:1");
    build::find(&bench.docker, &tag, &built.digest)
        .await
        .unwrap();
    let reference = tag.parse().unwrap();
    let result = build::pull(
        &bench.context(),
        &bench.docker,
        &reference,
        &[],
        &bench.tag(2),
    )
    .await;
    let (kind, message) = failure(result);
    assert_eq!(kind, FailureKind::ImagePull, "{message}");
}

#[tokio::test]
async fn an_image_for_another_platform_is_refused() {
    let bench = Bench::new("FROM scratch\n").await;
    let tag = bench.tag(1);
    import_foreign(&bench, &tag).await;
    let reference = tag.parse().unwrap();
    let other = bench.tag(2);
    let result = build::pull(&bench.context(), &bench.docker, &reference, &[], &other).await;
    let (kind, message) = failure(result);
    assert_eq!(kind, FailureKind::ImagePlatform, "{message}");
    assert!(message.contains("s390x"), "{message}");
}

/// Loads an empty image for another machine, as `docker load` would.
async fn import_foreign(bench: &Bench, tag: &str) {
    use futures_util::TryStreamExt as _;
    use sha2::{Digest, Sha256};

    let layer = vec![0; 1024];
    let config = serde_json::json!({
        "architecture": "s390x",
        "os": "linux",
        "config": {"Labels": {longshore_testkit::engine::RUN_LABEL: bench.run.name()}},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex::encode(Sha256::digest(&layer)))]},
    })
    .to_string();
    let name = format!("{}.json", hex::encode(Sha256::digest(&config)));
    let manifest =
        serde_json::json!([{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}])
            .to_string();
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in [
        (name.as_str(), config.as_bytes()),
        ("layer.tar", &layer),
        ("manifest.json", manifest.as_bytes()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, bytes).unwrap();
    }
    let bytes = archive.into_inner().unwrap();
    let options = bollard::query_parameters::ImportImageOptionsBuilder::default().build();
    bench
        .docker
        .import_image(options, bollard::body_full(bytes.into()), None)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
}
