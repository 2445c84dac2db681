//! Managed databases, one of each engine whose server can be had here, each with an app that adds
//! to its data and counts.

use std::time::Duration;

use futures_util::future::join_all;
use longshore_testkit::wait;
use serde_json::{Value, json};

use crate::api::{Api, id_of};
use crate::faults::docker;
use crate::longshore::Longshore;

/// How long a container may take to be replaced and healthy.
const PATIENCE: Duration = Duration::from_secs(90);

/// An engine, the image with its client, and what adds one and says how many there are. It waits
/// for the server, which may be starting.
struct Engine {
    name: &'static str,
    image: &'static str,
    script: &'static str,
}

const ENGINES: [Engine; 5] = [
    Engine {
        name: "postgres",
        image: "postgres:15",
        script: r#"
until pg_isready -q -d "$URL"; do sleep 0.2; done
psql -qAt -v ON_ERROR_STOP=1 "$URL" \
    -c 'CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())' \
    -c 'INSERT INTO visits DEFAULT VALUES' \
    -c "SELECT 'rows=' || count(*) FROM visits""#,
    },
    Engine {
        name: "redis",
        image: "redis:7",
        script: r#"
until redis-cli -e -u "$URL" ping; do sleep 0.2; done
echo rows=$(redis-cli -e -u "$URL" incr visits)"#,
    },
    Engine {
        name: "valkey",
        image: "valkey/valkey:8",
        script: r#"
until valkey-cli -e -u "$URL" ping; do sleep 0.2; done
echo rows=$(valkey-cli -e -u "$URL" incr visits)"#,
    },
    Engine {
        name: "mariadb",
        image: "mariadb:11",
        script: r#"
[[ $URL =~ ^mysql://([^:]+):([^@]+)@([^:]+):3306/(.+)$ ]]
export MYSQL_PWD=${BASH_REMATCH[2]}
client=(mariadb --user="${BASH_REMATCH[1]}" --host="${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}")
until "${client[@]}" --execute='SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
"${client[@]}" --skip-column-names --execute="
    CREATE TABLE IF NOT EXISTS visits (at timestamp);
    INSERT INTO visits VALUES (now());
    SELECT concat('rows=', count(*)) FROM visits""#,
    },
    Engine {
        name: "minio",
        image: "minio/minio:latest",
        script: r#"
[[ $URL =~ ^http://(.+)@(.+)$ ]]
keys=${BASH_REMATCH[1]} bucket=http://${BASH_REMATCH[2]}/visits
s3() {
    curl --silent --fail --user "$keys" --aws-sigv4 aws:amz:us-east-1:s3 \
        --header 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
until s3 "$bucket" >/dev/null || s3 --request PUT "$bucket"; do sleep 0.2; done
s3 --request PUT --data-binary visit "$bucket/$(date +%s%N)"
s3 "$bucket?list-type=2" | grep --only-matching '<Key>' | echo rows=$(wc -l)"#,
    },
];

/// A database and its app.
pub struct Database {
    /// The engine's name, and the database's.
    pub name: &'static str,
    /// Its service.
    pub service: String,
    /// The app that adds to it.
    pub app: String,
    /// Its connection URL, as it was told when it was made.
    pub url: String,
}

/// Databases that count together.
pub struct Databases<'a> {
    longshore: &'a Longshore,
    api: &'a Api,
    /// One of each engine.
    pub all: Vec<Database>,
}

impl<'a> Databases<'a> {
    /// Makes one of each of these engines, and an app for each, and waits until all are live.
    pub async fn make(
        longshore: &'a Longshore,
        api: &'a Api,
        environment: &str,
        names: &[&str],
    ) -> Self {
        let engines = ENGINES.iter().filter(|engine| names.contains(&engine.name));
        let all = join_all(engines.map(|engine| one(api, environment, engine))).await;
        assert_eq!(all.len(), names.len());
        Self {
            longshore,
            api,
            all,
        }
    }

    /// The same ones, where Longshore had to be borrowed otherwise in between.
    pub fn again(longshore: &'a Longshore, api: &'a Api, all: Vec<Database>) -> Self {
        Self {
            longshore,
            api,
            all,
        }
    }

    /// The one of that engine.
    ///
    /// # Panics
    /// When there is none.
    pub fn of(&self, name: &str) -> &Database {
        let found = self.all.iter().find(|database| database.name == name);
        found.expect("a database of that engine")
    }

    /// Every app adds one; fails unless each then counts that many.
    pub async fn count(&self, expected: usize) {
        let counts = join_all(self.all.iter().map(|database| self.add(database))).await;
        for (database, log) in self.all.iter().zip(counts) {
            let rows = format!("rows={expected}");
            let found = log.lines().any(|line| line.trim() == rows);
            assert!(found, "{} has not {rows}:\n{log}", database.name);
        }
    }

    /// Runs a database's script in its app; gives what it said.
    async fn add(&self, database: &Database) -> String {
        let engine = ENGINES.iter().find(|engine| engine.name == database.name);
        let script = engine.expect("an engine").script;
        let job = json!({ "command": ["bash", "-c", script], "timeout_seconds": 90 });
        let path = format!("/services/{}/jobs", database.app);
        let job = id_of(&self.api.post(&path, job).await.expect(202));
        let path = format!("/jobs/{job}");
        let ended = wait::until("the end of a job", PATIENCE * 2, || async {
            let shown = self.api.get(&path).await.expect(200);
            shown["ended_at"].is_string().then_some(shown)
        })
        .await;
        format!(
            "{} {}\n{}",
            ended["status"],
            ended["message"],
            ended["log"].as_str().unwrap_or_default()
        )
    }

    /// Does something to each database, all at once, and waits until each has another container
    /// that is healthy.
    pub async fn replacing<F: Future>(&self, act: impl Fn(String) -> F) {
        let before: Vec<String> = self.all.iter().map(|one| self.container(one)).collect();
        join_all(self.all.iter().map(|one| act(one.service.clone()))).await;
        for (database, before) in self.all.iter().zip(before) {
            self.has_other_than(database, &before).await;
        }
    }

    /// Waits until each database has a healthy container.
    pub async fn are_up(&self) {
        for database in &self.all {
            self.has_other_than(database, "").await;
        }
    }

    /// Waits until a database has another healthy container than that.
    pub async fn has_other_than(&self, database: &Database, before: &str) {
        wait::until("a new container", PATIENCE, || async {
            let now = self.container(database);
            (!now.is_empty() && now != before).then_some(())
        })
        .await;
    }

    /// A database's healthy container.
    pub fn container(&self, database: &Database) -> String {
        self.list(database, &["ps", "-q", "--filter", "health=healthy"])
    }

    /// A database's containers, whatever their health.
    pub fn running(&self, database: &Database) -> String {
        self.list(database, &["ps", "-q"])
    }

    /// A database's volumes.
    pub fn volumes(&self, database: &Database) -> String {
        self.list(database, &["volume", "ls", "-q"])
    }

    fn list(&self, database: &Database, what: &[&str]) -> String {
        let service = &database.service;
        let label = format!("label={}.service={service}", self.longshore.instance());
        let found = docker(&[what, &["--filter", &label]].concat());
        found.trim().to_owned()
    }
}

async fn one(api: &Api, environment: &str, engine: &Engine) -> Database {
    let name = engine.name;
    let path = format!("/environments/{environment}/databases");
    let body = json!({ "name": name, "engine": name });
    let made = api.post(&path, body).await.expect(201);
    assert_eq!(made["kind"], "database");
    let service = id_of(&made);
    is_running(api, &service).await;
    let app = json!({
        "name": format!("{name}-app"),
        "source": { "image": { "reference": engine.image } },
        "run": {
            "command": ["sleep", "3600"],
            "settle_seconds": 1,
            "stop_grace_seconds": 1,
            "drain_seconds": 0,
        },
    });
    let path = format!("/environments/{environment}/apps");
    let app = id_of(&api.post(&path, app).await.expect(201));
    let reference = format!("${{{{{name}.DATABASE_URL}}}}");
    api.variables(&app, json!({ "URL": reference })).await;
    api.deploy_live(&app).await;
    Database {
        name,
        service,
        app,
        url: made["connection_url"].as_str().expect("a URL").to_owned(),
    }
}

/// Waits until a service runs; fails when its deployment does.
pub async fn is_running(api: &Api, service: &str) {
    wait::until("a live database", PATIENCE * 2, || async {
        let shown = api.get(&format!("/services/{service}")).await.body;
        assert_ne!(shown["status"], "failed", "{shown:#}");
        (shown["status"] == "running").then_some(())
    })
    .await;
}

/// Waits until a deployment is live; fails when it ends otherwise.
pub async fn is_deployed(api: &Api, deployment: &str) {
    wait::until("a live deployment", PATIENCE, || async {
        let shown = api.get(&format!("/deployments/{deployment}")).await.body;
        assert_ne!(shown["status"], "failed", "{shown:#}");
        (shown["status"] == "live").then_some(())
    })
    .await;
}

/// The URL that a person is shown.
pub async fn shown_url(api: &Api, service: &str) -> String {
    let path = format!("/services/{service}/connection");
    let shown: Value = api.post(&path, json!({})).await.expect(200);
    shown["url"].as_str().expect("a URL").to_owned()
}
