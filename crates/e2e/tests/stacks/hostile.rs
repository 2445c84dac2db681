//! Compose files that mean harm end with a sentence, before anything changes.

use std::fmt::Write as _;

use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_e2e::stacks::typed;
use longshore_testkit::git::{GitHttp, Repository};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_end_with_a_sentence_and_change_nothing() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Hostile").await;
    let mut bomb = "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for step in 1..12 {
        let before = step - 1;
        let aliases = vec![format!("*a{before}"); 9].join(",");
        writeln!(bomb, "x-{step}: &a{step} [{aliases}]").expect("a line");
    }
    bomb += "services:\n  web:\n    image: busybox\n    command: *a11\n";
    let web = |fields: &str| format!("services:\n  web:\n    image: busybox\n{fields}");
    let cases = [
        (bomb, "Compose file"),
        (web("    env_file: /etc/shadow\n"), "refused"),
        (web("    env_file: ../../../../etc/shadow\n"), "refused"),
        (
            "include: [/etc/passwd]\nservices: {}\n".to_owned(),
            "refused",
        ),
        (
            "include: ['https://example.org/compose.yml']\nservices: {}\n".to_owned(),
            "refused",
        ),
        (
            web("    extends: {file: /proc/self/environ, service: x}\n"),
            "refused",
        ),
        (web("    privileged: true\n"), "services.web.privileged"),
        (web("    network_mode: host\n"), "services.web.network_mode"),
        (web("    volumes: ['/:/host']\n"), "binds /"),
        (
            web("    volumes: ['/var/run/docker.sock:/s']\n"),
            "docker.sock",
        ),
        (web("    volumes: ['/etc/ssl:/s']\n"), "/etc/ssl"),
        (
            web(
                "    volumes: ['vol:/s']\nvolumes:\n  vol: {driver: local, driver_opts: {type: none, o: bind, device: /var/run}}\n",
            ),
            "volumes.vol.driver_opts",
        ),
        ("services: [\n".to_owned(), "refused"),
        (
            "services: {web: {image: busybox, teleport: 1}}".to_owned(),
            "teleport",
        ),
    ];
    let stack = typed(&api, &environment, "hostile", &cases[0].0).await;
    for (text, words) in &cases {
        let path = format!("/services/{stack}/stack");
        api.patch(&path, json!({ "compose": text }))
            .await
            .expect(200);
        let ended = api.deploy(&stack).await;
        let failure = &ended["failure"];
        assert_eq!(
            failure["kind"], "specification_invalid",
            "{text}\n{ended:#}"
        );
        let message = failure["message"].as_str().expect("a message");
        assert!(message.contains(words), "{words} is not in: {message}");
        assert!(
            !message.contains("root:") && !message.contains("goroutine"),
            "{message}"
        );
        eprintln!("{message}");
    }

    // From a repository: links and files that lead out.
    let repository = Repository::new("sneaky")
        .file(
            "a.yml",
            "services:\n  web:\n    image: busybox\n    env_file: passwd\n",
        )
        .file(
            "b.yml",
            "services:\n  web:\n    image: busybox\n    volumes: ['./passwd:/x:ro']\n",
        )
        .file("c.yml", "include: [../../../etc/x.yml]\nservices: {}\n");
    repository.link("passwd", "/etc/passwd");
    repository.link("d.yml", "/etc/passwd");
    repository.commit("Sneak");
    let git = GitHttp::start(repository.root()).await;
    for file in ["a.yml", "b.yml", "c.yml", "d.yml"] {
        let source = json!({ "git": { "url": git.url("sneaky"), "branch": "main" } });
        let patch = json!({ "source": source, "compose_path": file });
        let path = format!("/services/{stack}/stack");
        api.patch(&path, patch).await.expect(200);
        let ended = api.deploy(&stack).await;
        assert_eq!(
            ended["failure"]["kind"], "specification_invalid",
            "{file}: {ended:#}"
        );
        let message = ended["failure"]["message"].to_string();
        assert!(!message.contains("root:"), "{message}");
        eprintln!("{file}: {message}");
    }
    let label = format!("label={}.stack", longshore.instance());
    assert_eq!(docker(&["service", "ls", "-q", "--filter", &label]), "");
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]), "");
}
