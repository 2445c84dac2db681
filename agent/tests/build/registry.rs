//! A registry that wants an account: signing in, pulling, and building on its images.

use longshore_agent::build;
use longshore_agent_api::RegistryLogin;
use longshore_domain::FailureKind;
use longshore_testkit::registry::{PASSWORD, Registry, USER};
use tokio::net::TcpSocket;

use super::{Bench, failure};

fn login(host: &str, password: &str) -> RegistryLogin {
    RegistryLogin {
        host: host.parse().unwrap(),
        username: USER.to_owned(),
        password: password.into(),
    }
}

#[tokio::test]
async fn a_registry_takes_the_right_account_and_says_no_in_words() {
    let bench = Bench::new("FROM busybox\n").await;
    let registry = Registry::start().await;
    let host = registry.host();
    build::check_registry(&bench.docker, &login(&host, PASSWORD))
        .await
        .unwrap();
    let wrong = build::check_registry(&bench.docker, &login(&host, "wrong"))
        .await
        .unwrap_err();
    assert_eq!(wrong.kind, FailureKind::RegistryRefused);
    assert_eq!(
        wrong.message,
        format!("{host} refused the user name or the password.")
    );
    // Bound and never listening: nobody else can have the port, as could be one that was left.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = silent.local_addr().unwrap().to_string();
    let answer = build::check_registry(&bench.docker, &login(&gone, PASSWORD)).await;
    assert_eq!(
        answer.unwrap_err().message,
        format!("{gone} cannot be reached from the server.")
    );
}

#[tokio::test]
async fn a_private_image_is_pulled_with_the_account_and_pinned() {
    let bench = Bench::new("FROM busybox\n").await;
    let registry = Registry::start().await;
    let reference = registry.push("team/app:v1", "echo one");
    let image = reference.parse().unwrap();
    let logins = [login(&registry.host(), PASSWORD)];
    let pull = async |logins: &[RegistryLogin], number| {
        build::pull(
            &bench.context(),
            &bench.docker,
            &image,
            logins,
            &bench.tag(number),
        )
        .await
    };
    let (kind, message) = failure(pull(&[], 1).await);
    assert_eq!(kind, FailureKind::ImagePull);
    assert!(message.contains("wants an account"), "{message}");
    let first = pull(&logins, 2).await.unwrap();
    let pinned = first.pinned.unwrap();
    let start = format!("{}/team/app@sha256:", registry.host());
    assert!(pinned.starts_with(&start), "{pinned}");
    assert!(bench.said().contains(&pinned), "{}", bench.said());
    // The same tag pushed anew is another image.
    registry.push("team/app:v1", "echo two");
    let second = pull(&logins, 3).await.unwrap();
    assert_ne!(second.digest, first.digest);
    assert_ne!(second.pinned.unwrap(), pinned);
    // The digest still means the first.
    let (context, exact) = (bench.context(), pinned.parse().unwrap());
    let again = build::pull(&context, &bench.docker, &exact, &logins, &bench.tag(4)).await;
    assert_eq!(again.unwrap().digest, first.digest);
    let missing = format!("{}/team/app:v9", registry.host()).parse().unwrap();
    let result = build::pull(&context, &bench.docker, &missing, &logins, &bench.tag(5)).await;
    let (_, message) = failure(result);
    assert!(message.contains("no such tag"), "{message}");
}

#[tokio::test]
async fn a_build_starts_from_a_private_image() {
    let registry = Registry::start().await;
    let base = registry.push("team/base:1", "true");
    let mut bench = Bench::new(&format!("FROM {base}\nRUN echo built > /built\n")).await;
    let (_, message) = failure(bench.build(1).await);
    assert!(!message.is_empty());
    bench.registries = vec![login(&registry.host(), PASSWORD)];
    let image = bench.build(2).await.unwrap();
    assert!(!image.reused);
}
