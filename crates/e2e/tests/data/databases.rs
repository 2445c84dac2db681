//! Managed databases through the API: what may be changed of them, their passwords, and that
//! nothing removes their data unless it was asked for twice.

use std::time::Duration;

use longshore_e2e::databases::{Database, Databases, is_deployed, shown_url};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::wait;
use serde_json::{Value, json};

/// How long what was asked for may take.
const PATIENCE: Duration = Duration::from_secs(90);

fn password_of(url: &str) -> &str {
    let rest = url.split_once("://app:").expect("a user").1;
    rest.split('@').next().expect("a password")
}

/// Whether a server takes a password, asked over its network.
fn can_sign_in(databases: &Databases<'_>, name: &str, password: &str) -> bool {
    let container = databases.container(databases.of(name));
    let (variable, script) = match name {
        "postgres" => (
            "PGPASSWORD",
            "exec psql -qAt -h \"$(hostname -i | cut -d' ' -f1)\" -c 'SELECT 1'",
        ),
        "mariadb" => (
            "MYSQL_PWD",
            "exec mariadb -N -u app -h \"$(hostname -i | cut -d' ' -f1)\" -e 'SELECT 1'",
        ),
        other => panic!("{other}"),
    };
    let variable = format!("{variable}={password}");
    let answer = docker(&["exec", "-e", &variable, &container, "bash", "-c", script]);
    answer.trim() == "1"
}

/// When Docker has last asked for a container's health, and what came of it.
fn last_check(container: &str) -> String {
    let format = "{{range .State.Health.Log}}{{.Start}} ended with {{.ExitCode}}\n{{end}}";
    let log = docker(&["inspect", "--format", format, container]);
    log.lines()
        .rfind(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_changed_and_keep_what_they_have() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Data").await;
    let engines = ["postgres", "redis", "mariadb"];
    let databases = Databases::make(&longshore, &api, &environment, &engines).await;
    let url = |name: &str| databases.of(name).url.clone();
    assert!(url("postgres").starts_with("postgresql://app:"));
    assert!(url("postgres").ends_with("@postgres:5432/app"));
    assert!(url("redis").ends_with("@redis:6379/0"));
    assert!(url("mariadb").ends_with("@mariadb:3306/app"));
    databases.count(1).await;

    // Another series may not be able to read the files.
    for (name, version) in [("postgres", "16"), ("mariadb", "10.11")] {
        let path = format!("/services/{}/database", databases.of(name).service);
        let other = json!({ "version": version });
        api.patch(&path, other).await.refuses(422, "version");
    }

    // Stopped and started again; nothing runs in between, and the volumes stay.
    let verb = async |database: &Database, verb: &str| {
        let path = format!("/services/{}/{verb}", database.service);
        api.post(&path, json!({})).await.expect(202);
    };
    for database in &databases.all {
        let kept = databases.volumes(database);
        verb(database, "stop").await;
        wait::until("no container", PATIENCE, || async {
            databases.running(database).is_empty().then_some(())
        })
        .await;
        assert_eq!(databases.volumes(database), kept);
        verb(database, "start").await;
    }
    databases.are_up().await;
    databases.count(2).await;

    // Other passwords: the old ones are refused, apps have the new ones at their next deployment.
    // A second change finds the server with the first one, which its container does not know.
    let change = async |name: &str| {
        let path = format!("/services/{}/password", databases.of(name).service);
        api.post(&path, json!({})).await.expect(200)["deployment"].clone()
    };
    for name in ["postgres", "mariadb", "mariadb"] {
        let database = databases.of(name);
        let old = shown_url(&api, &database.service).await;
        let container = databases.container(database);
        let check = last_check(&container);
        assert!(can_sign_in(&databases, name, password_of(&old)), "{name}");
        assert_eq!(change(name).await, Value::Null);
        let new = shown_url(&api, &database.service).await;
        assert!(!can_sign_in(&databases, name, password_of(&old)), "{name}");
        assert!(can_sign_in(&databases, name, password_of(&new)), "{name}");
        wait::until("another check of its health", PATIENCE, || async {
            let now = last_check(&container);
            assert!(now.ends_with("with 0"), "{name}: {now}");
            (now != check).then_some(())
        })
        .await;
        assert_eq!(databases.container(database), container, "{name}");
    }
    let deployment = change("redis").await;
    is_deployed(&api, deployment.as_str().expect("a deployment")).await;
    for database in &databases.all {
        api.deploy_live(&database.app).await;
    }
    databases.count(3).await;
    // Also once their containers are new.
    let redeploy = async |service: String| api.deploy_live(&service).await;
    databases.replacing(redeploy).await;
    databases.count(4).await;

    // No password is in a log, and none is shown to who only asks for the service.
    for (name, said) in [
        ("postgres", "database system is ready"),
        ("mariadb", "ready for connections"),
    ] {
        let service = &databases.of(name).service;
        let url = shown_url(&api, service).await;
        let log = api.text(&format!("/services/{service}/log")).await;
        let shown = api.get(&format!("/services/{service}")).await.body;
        assert!(log.contains(said), "{log}");
        let password = password_of(&url);
        assert!(!log.contains(password) && !shown.to_string().contains(password));
    }

    // Deleting keeps the data unless it is asked for twice.
    let (redis, postgres) = (databases.of("redis"), databases.of("postgres"));
    let remove =
        |database: &Database, query: &str| format!("/services/{}{query}", database.service);
    let body = json!({ "confirm": "redis" });
    api.delete(&remove(redis, "?volumes=true"), body.clone())
        .await
        .refuses(422, "name");
    api.delete(&remove(redis, ""), body).await.expect(204);
    let path = remove(postgres, "?volumes=true&confirm=postgres");
    api.delete(&path, json!({})).await.expect(204);
    wait::until("the volume's removal", PATIENCE, || async {
        let gone = databases.volumes(postgres).is_empty();
        (gone && databases.container(redis).is_empty()).then_some(())
    })
    .await;
    let kept = databases.volumes(redis);
    assert!(kept.contains("-data"), "{kept}");
    docker(&["volume", "rm", &kept]);
}
