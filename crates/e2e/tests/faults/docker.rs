//! Docker dies and comes back: services answer again, and never reach one another.

use std::time::Duration;

use longshore_e2e::api::Api;
use longshore_e2e::apps;
use longshore_e2e::faults::{Part, docker};
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::wait;
use serde_json::json;

const LIMIT: Duration = Duration::from_mins(2);

/// Serves a page, and tries all the time to reach another service by its name on the edge
/// network, twenty attempts a second.
const START: &str = "echo \"$NAME answers\" >/www/index.html
if [ -n \"$TARGET\" ]; then
    while true; do
        nslookup \"$TARGET\" >/dev/null 2>&1 && echo KNOWN
        printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 127.0.0.1 8080 | grep -q HTTP && echo SELF
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
            (printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 \"$TARGET\" 8080 | grep -q HTTP \\
                && echo REACHED) &
            sleep 0.05
        done
    done &
fi
exec httpd -f -p 8080 -h /www
";

struct World {
    longshore: Longshore,
    api: Api,
    url: String,
    _app: Repository,
    _git: GitHttp,
}

impl World {
    async fn new() -> Self {
        let longshore = Longshore::start_alone().await;
        let api = longshore.api();
        let app = Repository::new("prober")
            .file(
                "Dockerfile",
                "FROM busybox:latest\nRUN mkdir /www\nCOPY start /start\n\
                 CMD [\"sh\", \"/start\"]\n",
            )
            .file("start", START);
        app.commit("A prober");
        let git = GitHttp::start(app.root()).await;
        Self {
            url: git.url("prober"),
            longshore,
            api,
            _app: app,
            _git: git,
        }
    }

    /// Deploys one in an environment of its own: only the edge network connects them.
    async fn deploy(&self, name: &str, target: &str) -> String {
        let environment = self.api.project(name).await;
        let service = self
            .api
            .app(&environment, name, &self.url, apps::PORT)
            .await;
        let variables = json!({ "variables": {
            "NAME": { "value": name },
            "TARGET": { "value": target },
        } });
        let path = format!("/services/{service}/variables");
        self.api.put(&path, variables).await.expect(200);
        self.api.domain(&service, &host(name)).await;
        self.api.deploy_live(&service).await;
        service
    }

    /// The names of a service's Swarm services.
    fn swarm_name(&self, service: &str) -> String {
        let label = format!("label={}.service={service}", self.longshore.instance());
        let names = docker(&["service", "ls", "--format", "{{.Name}}", "--filter", &label]);
        names.trim().to_owned()
    }
}

fn host(name: &str) -> String {
    format!("{name}.example.test")
}

#[tokio::test(flavor = "multi_thread")]
async fn services_answer_again_and_stay_apart_when_docker_and_the_proxy_are_killed() {
    let world = World::new().await;
    let quiet = world.deploy("quiet", "").await;
    let target = format!("tasks.{}", world.swarm_name(&quiet));
    let prober = world.deploy("prober", &target).await;
    let swarm_name = world.swarm_name(&prober);
    let log = || docker(&["service", "logs", "--raw", &swarm_name]);
    wait::until("attempts", LIMIT, || async {
        let log = log();
        // It would be seen to reach what it can reach.
        (log.contains("KNOWN") && log.contains("SELF")).then_some(())
    })
    .await;

    for part in [Part::Proxy, Part::Docker, Part::Docker] {
        let before = log().matches("KNOWN").count();
        part.kill(&world.longshore);
        for name in ["quiet", "prober"] {
            let expected = format!("{name} answers");
            wait::until(&expected, LIMIT, || async {
                let (_, page) = world.longshore.visit(&host(name), "/").await;
                page.contains(&expected).then_some(())
            })
            .await;
        }
        wait::until("attempts", LIMIT, || async {
            (log().matches("KNOWN").count() > before + 2).then_some(())
        })
        .await;
        let reached = log().matches("REACHED").count();
        assert_eq!(reached, 0, "a service reached another after {part:?}");
    }
}
