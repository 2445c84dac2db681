use futures_util::StreamExt as _;

use super::{Bench, failure};

#[tokio::test]
async fn a_secret_reaches_its_step_and_nothing_else() {
    let dockerfile =
        "FROM busybox\nRUN --mount=type=secret,id=TOKEN wc -c < /run/secrets/TOKEN > /length\n";
    let mut bench = Bench::new(dockerfile).await;
    let value = format!("s3cret-{}", bench.run.name());
    bench
        .secrets
        .insert("TOKEN".parse().unwrap(), value.as_str().into());
    let image = bench.build(1).await.unwrap();
    assert_eq!(
        bench.read(&image, "/length").await.trim(),
        value.len().to_string()
    );
    assert_eq!(bench.read(&image, "/run/secrets/TOKEN").await, "");
    let history = bench.docker.image_history(&image.digest).await.unwrap();
    let inspected = bench.docker.inspect_image(&image.digest).await.unwrap();
    assert!(!format!("{history:?}{inspected:?}").contains(&value));
    let mut export = bench.docker.export_image(&image.tag);
    let mut bytes = Vec::new();
    while let Some(chunk) = export.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    assert!(
        !bytes
            .windows(value.len())
            .any(|window| window == value.as_bytes())
    );
}

#[tokio::test]
async fn a_required_secret_that_is_not_set_is_named() {
    let dockerfile =
        "FROM busybox\nRUN --mount=type=secret,id=NOPE,required=true cat /run/secrets/NOPE\n";
    let bench = Bench::new(dockerfile).await;
    let (_, message) = failure(bench.build(1).await);
    assert!(message.contains("NOPE"), "{message}");
}
