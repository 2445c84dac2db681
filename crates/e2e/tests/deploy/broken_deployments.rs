//! Deployments that cannot become live, each for another reason: every one ends with the kind and
//! the sentence that belong to it, and nobody who visits the old version notices.

use std::time::Instant;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::longshore::Longshore;
use longshore_e2e::visits::Visits;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::sample;
use serde_json::{Value, json};

const HOST: &str = "steady.example.test";

/// How many of the cases a usual run takes; `cargo xtask chaos` takes all.
const USUAL_CASES: usize = 8;

/// An image with the head of a program for arm64.
const FOREIGN: &str = "FROM busybox:latest AS made\n\
    RUN printf '\\177ELF\\002\\001\\001' >/bin/program \\\n\
     && dd if=/dev/zero bs=9 count=1 >>/bin/program \\\n\
     && printf '\\002\\000\\267\\000' >>/bin/program \\\n\
     && dd if=/dev/zero bs=100 count=1 >>/bin/program && chmod 755 /bin/program\n";

/// One way to break it.
struct Case {
    name: &'static str,
    /// Where the source is read from; the repository's `main` when absent.
    source: Option<Value>,
    /// The Dockerfile.
    dockerfile: &'static str,
    run: Value,
    /// Where it ends, as what, with which words in the message and in the log.
    stage: &'static str,
    kind: &'static str,
    says: &'static str,
    log: &'static str,
}

fn case(name: &'static str, run: Value, [stage, kind, says, log]: [&'static str; 4]) -> Case {
    Case {
        name,
        source: None,
        dockerfile: "Dockerfile",
        run,
        stage,
        kind,
        says,
        log,
    }
}

/// Patience for programs that start at once, on a machine that is busy with other tests.
fn health(probe: &Value) -> Value {
    json!({
        "probe": probe, "interval_seconds": 1, "timeout_seconds": 3,
        "start_period_seconds": 1, "retries": 2,
    })
}

fn command(argv: &[&str]) -> Value {
    json!({ "command": argv, "health": health(&json!("tcp")) })
}

fn http(path: &str) -> Value {
    json!({ "health": health(&json!({ "http": { "path": path } })) })
}

fn repository() -> Repository {
    let repository = Repository::new("steady")
        .file(
            "Dockerfile",
            "FROM busybox:latest\n\
             RUN mkdir -p /www/cgi-bin && echo steady >/www/index.html\n\
             COPY broken /www/cgi-bin/broken\n\
             RUN chmod 755 /www/cgi-bin/broken\n\
             CMD [\"sh\", \"-c\", \"echo listening; exec httpd -f -p 8080 -h /www\"]\n",
        )
        .file(
            "broken",
            "#!/bin/sh\nprintf 'HTTP/1.0 500 Broken\\r\\n\\r\\nbroken'\n",
        )
        .file("Foreign", &format!("{FOREIGN}CMD [\"program\"]\n"))
        .file(
            "ForeignAlone",
            &format!(
                "{FOREIGN}FROM scratch\nCOPY --from=made /bin/program /program\n\
                 CMD [\"/program\"]\n"
            ),
        )
        .file(
            "Nowhere",
            "FROM 127.0.0.1:1/nobody/nothing:1\nCMD [\"true\"]\n",
        )
        .file(
            "Step",
            "FROM busybox:latest\nRUN echo tests fail && exit 7\n",
        )
        .file(
            "Front",
            "FROM busybox:latest\n\
             RUN mkdir -p /www/cgi-bin\n\
             COPY broken /www/cgi-bin/index.cgi\n\
             RUN chmod 755 /www/cgi-bin/index.cgi\n\
             CMD [\"sh\", \"-c\", \"echo the template is missing; exec httpd -f -p 8080 -h /www\"]\n",
        );
    repository.commit("Ways to fail");
    repository
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn cases(url: &str) -> Vec<Case> {
    let looping = ["sh", "-c", "echo the database is missing; exit 3"];
    let hungry = ["sh", "-c", "echo reading everything; exec tail /dev/zero"];
    let slow = ["sh", "-c", "echo warming up; sleep 600"];
    let loopback = [
        "sh",
        "-c",
        "echo for friends; exec httpd -f -p 127.0.0.1:8080",
    ];
    let elsewhere = ["sh", "-c", "echo on my own port; exec httpd -f -p 9999"];
    let mut memory = command(&hungry);
    memory["memory_limit_bytes"] = json!(16 * 1024 * 1024);
    let mut cores = json!({});
    cores["cpu_limit_millis"] = json!(512_000);
    let check = json!({ "command": { "argv": ["sh", "-c", "echo the queue is gone; exit 1"] } });
    let release = |script: &str| json!({ "release_command": ["sh", "-c", script], "release_timeout_seconds": 8 });
    let git = |branch: &str| json!({ "git": { "url": url, "branch": branch } });
    let image = json!({ "image": { "reference": "127.0.0.1:1/nobody/nothing:1" } });
    vec![
        case(
            "crash loop",
            command(&looping),
            [
                "starting",
                "crash_loop",
                "exit code 3",
                "the database is missing",
            ],
        ),
        case(
            "out of memory",
            memory,
            ["starting", "out_of_memory", "16 MiB", "reading everything"],
        ),
        case(
            "wrong port",
            command(&elsewhere),
            [
                "starting",
                "port_not_listening",
                "on port 9999",
                "on my own port",
            ],
        ),
        case(
            "loopback only",
            command(&loopback),
            ["starting", "port_not_listening", "0.0.0.0", "for friends"],
        ),
        case(
            "starts too slowly",
            command(&slow),
            [
                "starting",
                "port_not_listening",
                "longer start period",
                "warming up",
            ],
        ),
        case(
            "failing health command",
            json!({ "health": health(&check) }),
            ["starting", "health_check", "the queue is gone", "listening"],
        ),
        case(
            "health path 404",
            http("/nowhere"),
            ["starting", "health_check", "status 404", "listening"],
        ),
        case(
            "health path 500",
            http("/cgi-bin/broken"),
            ["starting", "health_check", "status 500", "listening"],
        ),
        case(
            "missing program",
            command(&["/no/such/program"]),
            [
                "starting",
                "start_failed",
                "/no/such/program",
                "/no/such/program",
            ],
        ),
        case(
            "no node fits",
            cores,
            ["starting", "no_suitable_node", "CPUs", ""],
        ),
        Case {
            dockerfile: "Front",
            ..case(
                "front page 500",
                json!({}),
                [
                    "verifying",
                    "probe_failed",
                    "status 500",
                    "the template is missing",
                ],
            )
        },
        Case {
            dockerfile: "Foreign",
            ..case(
                "another platform",
                json!({}),
                ["starting", "image_platform", "arm64", ""],
            )
        },
        Case {
            dockerfile: "ForeignAlone",
            ..case(
                "another platform, no shell",
                json!({}),
                ["starting", "image_platform", "arm64", ""],
            )
        },
        Case {
            dockerfile: "Nowhere",
            ..case(
                "base image that is not there",
                json!({}),
                ["building", "image_pull", "nobody/nothing:1", ""],
            )
        },
        Case {
            dockerfile: "Step",
            ..case(
                "failing build step",
                json!({}),
                ["building", "build_failed", "exit code 7", "tests fail"],
            )
        },
        Case {
            dockerfile: "Missing",
            ..case(
                "no Dockerfile",
                json!({}),
                ["building", "path_invalid", "Missing", ""],
            )
        },
        Case {
            source: Some(git("nowhere")),
            ..case(
                "unknown branch",
                json!({}),
                ["fetching", "reference_not_found", "nowhere", ""],
            )
        },
        Case {
            source: Some(image),
            ..case(
                "image that is not there",
                json!({}),
                ["building", "image_pull", "nobody/nothing:1", ""],
            )
        },
        case(
            "release command fails",
            release("echo column exists; exit 4"),
            [
                "releasing",
                "release_failed",
                "exit code 4",
                "column exists",
            ],
        ),
        case(
            "release command hangs",
            release("echo waiting for a lock; sleep 600"),
            ["releasing", "timeout", "8 seconds", "waiting for a lock"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_deployment_is_explained_and_harms_nobody() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let repository = repository();
    let git = GitHttp::start(repository.root()).await;
    let url = git.url("steady");
    let environment = api.project("Steady").await;
    let service = api.app(&environment, "steady", &url, 8080).await;
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;
    longshore.shows(HOST, "steady").await;

    let load = Visits::start(longshore.http_port(), HOST);
    let mut rows = Vec::new();
    let mut complaints = Vec::new();
    for case in sample::of("broken deployments", cases(&url), USUAL_CASES) {
        let before = load.seen().bad.len();
        let (row, mut wrong) = break_it(&api, &service, &url, &case).await;
        let bad = load.seen().bad.split_off(before);
        if !bad.is_empty() {
            wrong.push(format!("visitors saw {bad:?}"));
        }
        complaints.extend(wrong.iter().map(|wrong| format!("{}: {wrong}", case.name)));
        eprintln!("{row}");
        rows.push(row);
    }
    rows.push(unresolved(&api, &service, &url).await);

    let seen = load.finish();
    eprintln!("| case | stage | kind | message | seconds |\n|---|---|---|---|---|");
    for row in &rows {
        eprintln!("{row}");
    }
    eprintln!("{} requests answered, {} not", seen.good, seen.bad.len());
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(seen.bad, Vec::<String>::new());
    assert!(seen.good > 100, "hardly a visitor: {}", seen.good);
    longshore.shows(HOST, "steady").await;

    // And the good version can still be deployed.
    configure(
        &api,
        &service,
        &json!({ "git": { "url": url, "branch": "main" } }),
        "Dockerfile",
        &json!({}),
    )
    .await;
    api.deploy_live(&service).await;
}

async fn configure(api: &Api, service: &str, source: &Value, dockerfile: &str, run: &Value) {
    let patch = json!({
        "source": source,
        "build": { "dockerfile": { "path": dockerfile, "context": "." } },
        "port": 8080,
        "run": run,
    });
    api.patch(&format!("/services/{service}"), patch)
        .await
        .expect(200);
}

/// Deploys it; gives a row of the table, and what is not as it should be.
async fn break_it(api: &Api, service: &str, url: &str, case: &Case) -> (String, Vec<String>) {
    let main = json!({ "git": { "url": url, "branch": "main" } });
    let source = case.source.as_ref().unwrap_or(&main);
    configure(api, service, source, case.dockerfile, &case.run).await;
    let begun = Instant::now();
    let ended = api.deploy(service).await;
    let took = begun.elapsed().as_secs_f64();
    let text = |field: &str| ended["failure"][field].as_str().unwrap_or("-").to_owned();
    let (stage, kind, message) = (text("stage"), text("kind"), text("message"));
    let log = api
        .text(&format!("/deployments/{}/log", id_of(&ended)))
        .await;
    let mut wrong = Vec::new();
    for (what, found, expected) in [
        (
            "status",
            ended["status"].as_str().unwrap_or_default(),
            "failed",
        ),
        ("stage", &stage, case.stage),
        ("kind", &kind, case.kind),
    ] {
        if found != expected {
            wrong.push(format!("{what} is {found}, not {expected}"));
        }
    }
    if !message.contains(case.says) {
        wrong.push(format!("{:?} is not in {message:?}", case.says));
    }
    if !log.contains(case.log) {
        wrong.push(format!("{:?} is not in the log:\n{log}", case.log));
    }
    if text("advice").len() < 10 {
        wrong.push("there is no advice".to_owned());
    }
    let row = format!(
        "| {} | {stage} | {kind} | {message} | {took:.1} |",
        case.name
    );
    (row, wrong)
}

/// A variable that refers to nothing is refused before anything is queued.
async fn unresolved(api: &Api, service: &str, url: &str) -> String {
    let main = json!({ "git": { "url": url, "branch": "main" } });
    configure(api, service, &main, "Dockerfile", &json!({})).await;
    let variables = format!("/services/{service}/variables");
    let broken = json!({ "variables": { "DATABASE_URL": "${{nothing.DATABASE_URL}}" } });
    let mut answer = api.put(&variables, broken).await;
    if answer.status.is_success() {
        let path = format!("/services/{service}/deployments");
        answer = api.post(&path, json!({})).await;
    }
    answer.refuses(422, "DATABASE_URL");
    let message = answer.body.to_string();
    let none = json!({ "variables": {} });
    api.put(&variables, none).await.expect(200);
    format!("| variable that refers to nothing | - | refused with 422 | {message} | 0.0 |")
}
