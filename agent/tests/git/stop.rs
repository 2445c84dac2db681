use std::time::{Duration, Instant};

use longshore_agent::stage::StageError;
use longshore_testkit::git::{GitHttp, Repository};
use tokio::net::TcpListener;

use super::{Bench, anonymous};

/// The longest that a cancellation may take.
const TWO_SECONDS: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_host_that_says_nothing_does_not_hold_up_a_cancellation() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let bench = Bench::new();
    for scheme in ["http", "git", "ssh"] {
        let bench = Bench::new();
        let remote = anonymous(&format!("{scheme}://{address}/app"));
        let cancel = async {
            let accepted = silent.accept().await.unwrap();
            bench.cancel.cancel();
            let since = Instant::now();
            (accepted, since)
        };
        let (result, (_connection, since)) =
            tokio::join!(bench.fetch(&remote, "main", None), cancel);
        assert_eq!(result.unwrap_err(), StageError::Cancelled, "{scheme}");
        assert!(since.elapsed() < TWO_SECONDS, "{scheme}");
    }
    drop(bench);
}

#[tokio::test]
async fn a_fetch_that_hangs_keeps_nobody_else_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let remote = anonymous(&format!("http://{}/app", silent.local_addr().unwrap()));
    let bench = Bench::new();
    for _ in 0..2 {
        let one = Bench::new();
        let context = one.context();
        let (branch, mirrors, tree) = ("main".parse().unwrap(), bench.mirrors(), one.tree());
        let fetch =
            longshore_agent::git::fetch(&context, &remote, &branch, None, false, &mirrors, &tree);
        tokio::select! {
            result = fetch => panic!("{result:?}"),
            // The second comes as far as the connection: the lock is free again.
            accepted = silent.accept() => drop(accepted.unwrap()),
        }
    }
}

#[tokio::test]
async fn a_transfer_under_way_is_cancelled() {
    let repository = Repository::new("app");
    for index in 0..2000 {
        repository.write(
            &format!("{}/{index}", index % 50),
            &index.to_string().repeat(50),
        );
    }
    repository.commit("Many files");
    let server = GitHttp::start(repository.root()).await;
    let bench = Bench::new();
    let remote = anonymous(&server.url("app"));
    let cancel = async {
        while server.requests() < 2 {
            tokio::task::yield_now().await;
        }
        bench.cancel.cancel();
        Instant::now()
    };
    let (result, since) = tokio::join!(bench.fetch(&remote, "main", None), cancel);
    assert_eq!(result.unwrap_err(), StageError::Cancelled);
    assert!(since.elapsed() < TWO_SECONDS);
}
