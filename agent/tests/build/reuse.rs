use longshore_agent::build;

use super::{Bench, failure};

#[tokio::test]
async fn the_same_tree_and_inputs_give_the_same_image_at_once() {
    let mut bench = Bench::new("FROM busybox\nRUN echo $RANDOM > /x\n").await;
    let first = bench.build(1).await.unwrap();
    let second = bench.build(2).await.unwrap();
    assert!(second.reused);
    assert_eq!(second.digest, first.digest);
    assert_eq!(second.tag, bench.tag(2));
    bench.docker.inspect_image(&bench.tag(2)).await.unwrap();
    bench.secrets.insert("TOKEN".parse().unwrap(), "one".into());
    assert!(!bench.build(3).await.unwrap().reused);
    assert!(bench.build(4).await.unwrap().reused);
    bench.secrets.insert("TOKEN".parse().unwrap(), "two".into());
    assert!(!bench.build(5).await.unwrap().reused);
}

#[tokio::test]
async fn an_earlier_image_is_found_again_by_its_identity() {
    let bench = Bench::new("FROM busybox\nCMD [\"true\"]\n").await;
    let first = bench.build(1).await.unwrap();
    let found = build::find(&bench.docker, &first.tag, &first.digest)
        .await
        .unwrap();
    assert_eq!(
        (found.digest.as_str(), found.reused),
        (first.digest.as_str(), true)
    );
    bench.build_tree(2, "x", false).await.unwrap();
    let tag = bench.tag(1);
    let remove = bench.docker.remove_image(
        &tag,
        None::<bollard::query_parameters::RemoveImageOptions>,
        None,
    );
    remove.await.unwrap();
    let again = build::find(&bench.docker, &bench.tag(1), &first.digest).await;
    if let Ok(again) = again {
        assert_eq!(again.digest, first.digest);
        bench.docker.inspect_image(&bench.tag(1)).await.unwrap();
    }
    let absent = format!("sha256:{}", "0".repeat(64));
    let (_, message) = failure(build::find(&bench.docker, &bench.tag(9), &absent).await);
    assert!(message.contains(&bench.tag(9)), "{message}");
}
