use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bollard::query_parameters::RemoveImageOptions;
use longshore_agent::build::BuildHost;
use longshore_agent::config::Amount;
use longshore_agent::disk::{Floor, Space};

use super::site::{Lines, Site};

const MB: i64 = 1_000_000;

/// A step that leaves this many bytes, which no other test has.
fn heavy(site: &Site, name: &str) -> String {
    let mark = site.run.name();
    format!("RUN echo {mark} {name}; dd if=/dev/urandom of=/{name} bs=1000000 count=20\n")
}

#[tokio::test]
async fn the_cache_is_kept_below_its_cap_and_the_newest_stays() {
    let site = Site::new(&["--build-cache=50MB"]).await;
    // What other tests left may have been used more often, and would stay instead.
    site.host.make_room().await;
    for (number, name) in (1..).zip(["a", "b", "c", "d"]) {
        let dockerfile = format!("FROM busybox\n{}", heavy(&site, name));
        site.build(number, &dockerfile).await.unwrap();
    }
    let images: Vec<String> = (1..5)
        .map(|number| format!("{}/app:{number}", site.run.name()))
        .collect();
    for image in &images {
        // What an image holds is shared with it and counts for it.
        let docker = site.engine.docker();
        docker
            .remove_image(image, None::<RemoveImageOptions>, None)
            .await
            .unwrap();
    }
    assert!(site.cache_size().await > 80 * MB);
    site.host.tidy().await.unwrap();
    let left = site.cache_size().await;
    assert!(left <= 50 * MB, "{left}");
    assert!(left >= 20 * MB, "{left}");
    let lines = Arc::new(Lines::default());
    let again = format!("FROM busybox\n{}", heavy(&site, "d"));
    site.build_with(9, &again, Arc::clone(&lines) as _)
        .await
        .unwrap();
    let said = lines.0.lock().unwrap().join("\n");
    assert!(said.contains("CACHED"), "{said}");
    site.host.tidy().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_seen_and_the_cache_given_up_for_it() {
    let site = Site::new(&[]).await;
    let free = Arc::new(AtomicU64::new(5));
    let measured = Arc::clone(&free);
    let floor = Floor::new(Some(Amount::Percent(10))).measured_by(Arc::new(move |place: &Path| {
        place.is_dir().then(|| Space {
            total_bytes: 1000,
            free_bytes: measured.load(Ordering::SeqCst),
        })
    }));
    let host = BuildHost::new(site.engine.clone(), &site.config).with_floor(floor);
    let dockerfile = format!("FROM busybox\n{}", heavy(&site, "a"));
    let image = site.build(1, &dockerfile).await.unwrap();
    let shortage = host.shortage().await.unwrap();
    assert_eq!((shortage.free_bytes, shortage.floor_bytes), (5, 100));
    assert!(site.cache_size().await > 0);
    host.make_room().await;
    assert_eq!(site.cache_size().await, 0);
    let docker = site.engine.docker();
    docker.inspect_image(&image.tag).await.unwrap();
    free.store(100, Ordering::SeqCst);
    assert_eq!(host.shortage().await, None);
}

#[tokio::test]
async fn only_our_images_without_a_tag_are_removed() {
    let site = Site::new(&[]).await;
    let docker = site.engine.docker();
    let stray = "FROM busybox\nRUN echo stray\n";
    let ours = site.build(1, &format!("{stray}ENV A=1\n")).await.unwrap();
    let foreign = Site::foreign_image(&site);
    let kept = site.build(2, &format!("{stray}ENV A=2\n")).await.unwrap();
    docker
        .tag_image(&kept.digest, Some(tag_as(&ours.tag)))
        .await
        .unwrap();
    docker.inspect_image(&ours.digest).await.unwrap();
    site.host.tidy().await.unwrap();
    assert!(docker.inspect_image(&ours.digest).await.is_err());
    docker.inspect_image(&kept.tag).await.unwrap();
    docker.inspect_image(&foreign).await.unwrap();
}

fn tag_as(tag: &str) -> bollard::query_parameters::TagImageOptions {
    let (repository, tag) = tag.rsplit_once(':').unwrap();
    bollard::query_parameters::TagImageOptionsBuilder::default()
        .repo(repository)
        .tag(tag)
        .build()
}

impl Site {
    /// An image without a tag that carries the run's label and not the instance's.
    fn foreign_image(site: &Self) -> String {
        use longshore_testkit::engine::{RUN_LABEL, buildkit};

        let label = format!("{RUN_LABEL}={}", site.run.name());
        let directory = tempfile::tempdir().unwrap();
        let text = "FROM busybox\nRUN echo foreign\n";
        std::fs::write(directory.path().join("Dockerfile"), text).unwrap();
        let place = directory.path().display().to_string();
        let output = buildkit(&["build", "--quiet", "--label", &label, &place])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
