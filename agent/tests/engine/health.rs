//! A health check is tried once on what runs.

use longshore_agent_api::{HealthTrial, HealthVerdict};
use longshore_domain::FailureKind;
use longshore_domain::health::{HealthCheck, HealthProbe};

use super::world::{World, run, web};

fn trial(probe: HealthProbe, port: u16, expected_status: Option<u16>) -> HealthTrial {
    HealthTrial {
        number: 1,
        health: HealthCheck {
            probe,
            expected_status,
            ..HealthCheck::default()
        },
        port: Some(port.try_into().unwrap()),
    }
}

fn http(path: &str) -> HealthProbe {
    HealthProbe::Http {
        path: path.to_owned(),
    }
}

fn command(argv: &[&str]) -> HealthProbe {
    HealthProbe::Command {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
    }
}

#[tokio::test]
async fn a_check_is_tried_on_the_live_version_and_leaves_nothing() {
    let world = World::with_engine().await;
    let job = web("one");
    world.start(&job, "busybox:latest").await.unwrap();
    let try_it = async |trial: HealthTrial| -> HealthVerdict {
        let tried = world.engine.try_health(job.service, &trial).await;
        tried.unwrap()
    };
    for (probe, port, expected, passes, status) in [
        (http("/"), 8080, None, true, Some(200)),
        (http("/none"), 8080, None, false, Some(404)),
        (http("/none"), 8080, Some(404), true, Some(404)),
        (http("/"), 9999, None, false, None),
        (HealthProbe::Tcp, 8080, None, true, None),
        (HealthProbe::Tcp, 9999, None, false, None),
        (HealthProbe::Auto, 8080, None, true, None),
        (command(&["true"]), 8080, None, true, None),
    ] {
        let what = format!("{probe:?} on {port}, expecting {expected:?}");
        let verdict = try_it(trial(probe, port, expected)).await;
        assert_eq!(verdict.passed, passes, "{what}: {verdict:?}");
        assert_eq!(verdict.status, status, "{what}: {verdict:?}");
        assert!(!verdict.message.is_empty(), "{what}");
    }
    let broken = command(&["sh", "-c", "echo the reason; exit 3"]);
    let verdict = try_it(trial(broken, 8080, None)).await;
    assert!(!verdict.passed);
    assert!(verdict.message.contains("the reason"), "{verdict:?}");

    let filter = format!("name={}-{}-try", world.config.instance, job.service);
    let (_, left) = run("docker", &["ps", "--all", "--quiet", "--filter", &filter]).await;
    assert_eq!(left, "");
    world.engine.remove_version(job.service, 1).await.unwrap();
    world.engine.until_gone(job.service, 1).await.unwrap();
    let none = world
        .engine
        .try_health(job.service, &trial(HealthProbe::Tcp, 8080, None))
        .await;
    assert_eq!(none.unwrap_err().kind, FailureKind::ReferenceNotFound);
}
