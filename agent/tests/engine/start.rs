//! Versions come up, or it is said why they do not.

use std::time::Instant;

use longshore_agent::machine::Owned;
use longshore_agent::stage::StageError;
use longshore_agent_api::RunningUpdate;
use longshore_domain::health::HealthProbe;
use longshore_domain::{FailureKind, VolumeMount};
use longshore_testkit::wait;

use super::world::{SECOND, World, container, job, run, web};

fn kind(result: Result<(), StageError>) -> FailureKind {
    match result {
        Err(StageError::Failed { kind, .. }) => kind,
        other => panic!("a failure was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn a_listening_program_is_healthy_without_an_interval_of_waiting() {
    let world = World::with_engine().await;
    let mut job = web("one");
    job.health.interval_seconds = 300;
    let begun = Instant::now();
    world.start(&job, "busybox:latest").await.unwrap();
    let took = begun.elapsed();
    assert!(took < 100 * SECOND, "{took:?}");
    let versions = world.engine.versions(job.service).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].number, versions[0].running), (1, 1));
    // The second time it is there already.
    world.start(&job, "busybox:latest").await.unwrap();
    let owned = world.engine.list_owned().await.unwrap();
    let expected = Owned::Version {
        service: job.service,
        number: 1,
    };
    assert!(owned.contains(&expected), "{owned:?}");
    let (_, capabilities) = run(
        "docker",
        &[
            "inspect",
            "--format",
            "{{.HostConfig.CapDrop}}",
            &container(&world, &job).await,
        ],
    )
    .await;
    assert!(capabilities.contains("NET_RAW"), "{capabilities}");
}

#[tokio::test]
async fn the_probe_runs_in_an_image_with_nothing_else_in_it() {
    let world = World::with_engine().await;
    let job = job(&["/traefik", "--entryPoints.web.address=:8080"], Some(8080));
    world.start(&job, "longshore/traefik:v3.7").await.unwrap();
}

#[tokio::test]
async fn a_program_that_ends_again_and_again_is_a_crash_loop() {
    let world = World::with_engine().await;
    let job = job(&["sh", "-c", "echo the database is missing; exit 3"], None);
    let result = world.start(&job, "busybox:latest").await;
    let Err(StageError::Failed { kind, message }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(kind, FailureKind::CrashLoop);
    assert!(message.contains("exit code 3"), "{message}");
    assert!(
        world.said().contains("the database is missing"),
        "{}",
        world.said()
    );
}

#[tokio::test]
async fn nobody_listens_on_the_port() {
    let world = World::with_engine().await;
    let job = job(&["sleep", "600"], Some(8080));
    let result = world.start(&job, "busybox:latest").await;
    assert_eq!(kind(result), FailureKind::PortNotListening);
}

#[tokio::test]
async fn the_port_that_is_open_instead_is_named() {
    let world = World::with_engine().await;
    for (listens, words) in [("9999", "on port 9999"), ("127.0.0.1:8080", "0.0.0.0")] {
        let job = job(&["httpd", "-f", "-p", listens], Some(8080));
        let result = world.start(&job, "busybox:latest").await;
        let Err(StageError::Failed { kind, message }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(kind, FailureKind::PortNotListening);
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn more_cores_than_there_are_fit_no_machine() {
    let world = World::with_engine().await;
    let mut job = web("one");
    job.cpu_limit_millis = Some(512_000);
    let result = world.start(&job, "busybox:latest").await;
    assert_eq!(kind(result), FailureKind::NoSuitableNode);
}

#[tokio::test]
async fn ends_of_a_running_version_are_told_with_its_last_words() {
    let world = World::with_engine().await;
    let mut job = job(&["sh", "-c", "echo out of luck; sleep 3; exit 9"], None);
    job.memory_limit_bytes = Some(64 * 1024 * 1024);
    world.start(&job, "busybox:latest").await.unwrap();
    let ends = wait::until("two ends", 40 * SECOND, || async {
        let seen = world.engine.version_ends(job.service, 1).await.unwrap();
        (seen.is_settled && seen.ends.len() >= 2).then_some(seen.ends)
    })
    .await;
    assert!(ends[0].at < ends[1].at);
    assert_eq!(ends[1].kind, FailureKind::CrashLoop);
    assert!(ends[1].message.contains("exit code 9"), "{ends:?}");
    assert!(
        ends[1]
            .last_lines
            .iter()
            .any(|line| line.text == "out of luck"),
        "{ends:?}"
    );
    // What a restart of Docker ends is not the program's fault.
    world.engine.note_start();
    let seen = world.engine.version_ends(job.service, 1).await.unwrap();
    assert!(!seen.is_settled || seen.ends.is_empty(), "{seen:?}");
    let nothing = world.engine.version_ends(job.service, 2).await.unwrap();
    assert!(!nothing.is_settled);
}

#[tokio::test]
async fn a_health_path_that_is_missing_fails_with_its_status() {
    let world = World::with_engine().await;
    let mut job = web("one");
    job.health.probe = HealthProbe::Http {
        path: "/nowhere".to_owned(),
    };
    let result = world.start(&job, "busybox:latest").await;
    let Err(StageError::Failed { kind, message }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(kind, FailureKind::HealthCheck);
    assert!(message.contains("404"), "{message}");
}

#[tokio::test]
async fn too_little_memory_is_named() {
    let world = World::with_engine().await;
    let mut job = job(&["tail", "/dev/zero"], None);
    job.memory_limit_bytes = Some(16 * 1024 * 1024);
    job.health.probe = HealthProbe::Command {
        argv: vec!["false".to_owned()],
    };
    job.health.start_period_seconds = 60;
    let result = world.start(&job, "busybox:latest").await;
    assert_eq!(kind(result), FailureKind::OutOfMemory);
}

#[tokio::test]
async fn a_missing_program_cannot_be_started() {
    let world = World::with_engine().await;
    let job = job(&["/no/such/program"], None);
    let result = world.start(&job, "busybox:latest").await;
    assert_eq!(kind(result), FailureKind::StartFailed);
}

#[tokio::test]
async fn a_version_is_scaled_restarted_and_removed() {
    let world = World::with_engine().await;
    let job = web("one");
    world.start(&job, "busybox:latest").await.unwrap();
    let set = |replicas, restart| RunningUpdate {
        live_number: 1,
        replicas,
        restart,
    };
    let becomes = |running: u32| {
        let (engine, service) = (world.engine.clone(), job.service);
        wait::until("the containers", 30 * SECOND, move || {
            let engine = engine.clone();
            async move {
                let versions = engine.versions(service).await.unwrap();
                versions
                    .iter()
                    .any(|v| v.running == running && v.desired == running)
                    .then_some(())
            }
        })
    };
    world
        .engine
        .set_running(job.service, &set(2, false))
        .await
        .unwrap();
    becomes(2).await;
    world
        .engine
        .set_running(job.service, &set(0, false))
        .await
        .unwrap();
    becomes(0).await;
    world
        .engine
        .set_running(job.service, &set(1, true))
        .await
        .unwrap();
    becomes(1).await;
    // New containers are checked as the first ones were.
    let id = container(&world, &job).await;
    let check = ["inspect", "--format", "{{.State.Health.Status}}", &id];
    assert_eq!(run("docker", &check).await.1, "healthy");
    world
        .engine
        .remove_service(job.service, true)
        .await
        .unwrap();
    assert!(world.engine.versions(job.service).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_volume_is_ours_outlives_its_containers_and_goes_only_when_told() {
    let world = World::with_engine().await;
    let mut first = web("one");
    first.command = Some(["sh", "-c"].map(str::to_owned).to_vec());
    let script = "mkdir -p /www && echo x >> /data/starts && cp /data/starts /www/index.html && \
                  exec httpd -f -p 8080 -h /www";
    first.arguments = Some(vec![script.into()]);
    first.volumes = vec![VolumeMount {
        name: "data".parse().unwrap(),
        path: "/data".parse().unwrap(),
        read_only: false,
        shared: false,
    }];
    world.start(&first, "busybox:latest").await.unwrap();
    let second = longshore_agent_api::DeployJob {
        number: 2,
        deployment: longshore_domain::DeploymentId::generate(),
        ..first.clone()
    };
    world.engine.remove_version(first.service, 1).await.unwrap();
    world.start(&second, "busybox:latest").await.unwrap();
    let id = container(&world, &second).await;
    let (_, starts) = run("docker", &["exec", &id, "wc", "-l", "/data/starts"]).await;
    assert!(starts.starts_with('2'), "{starts}");

    let label = format!("label={}.service={}", world.config.instance, first.service);
    let list = ["volume", "ls", "--quiet", "--filter", &label];
    let (_, volumes) = run("docker", &list).await;
    assert!(volumes.ends_with("-data"), "{volumes}");
    let service = first.service;
    world.engine.remove_service(service, false).await.unwrap();
    assert_eq!(run("docker", &list).await.1, volumes);
    // The container may still be stopping.
    world.engine.remove_service(service, true).await.unwrap();
    assert_eq!(run("docker", &list).await.1, "");
}

#[tokio::test]
async fn a_cancelled_start_ends_at_once() {
    let world = World::with_engine().await;
    let mut job = job(&["sleep", "600"], Some(8080));
    job.health.start_period_seconds = 600;
    let (cancel, deployment) = (world.context.cancel.clone(), job.deployment);
    let stop = async {
        let label = format!("label={}.deployment={deployment}", world.config.instance);
        wait::until("its container", 20 * SECOND, || async {
            let (_, ids) = run("docker", &["ps", "--quiet", "--filter", &label]).await;
            (!ids.is_empty()).then_some(())
        })
        .await;
        cancel.cancel();
        Instant::now()
    };
    let (result, cancelled) = tokio::join!(world.start(&job, "busybox:latest"), stop);
    assert_eq!(result, Err(StageError::Cancelled));
    assert!(cancelled.elapsed() < 5 * SECOND);
}

#[tokio::test]
async fn services_of_a_new_environment_start_at_once() {
    let world = World::with_engine().await;
    let jobs: Vec<_> = (0..4).map(|_| web("one")).collect();
    let environment = jobs[0].environment;
    let starts = jobs.into_iter().map(|mut job| {
        job.environment = environment;
        let world = &world;
        async move { world.start(&job, "busybox:latest").await }
    });
    for started in futures_util::future::join_all(starts).await {
        started.unwrap();
    }
}
