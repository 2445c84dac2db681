use serde::Deserialize;

use super::{AutoBuild, Build, DockerfileBuild, StaticBuild};

fn site(directory: &str, command: Option<&str>) -> Build {
    Build::Static(StaticBuild {
        directory: directory.parse().unwrap(),
        spa: true,
        command: command.map(str::to_owned),
        variables: Vec::new(),
    })
}

#[test]
fn builds_are_written_as_the_interface_says() {
    for (build, text) in [
        (Build::Auto(AutoBuild::default()), r#"{"auto":{}}"#),
        (
            site("dist", None),
            r#"{"static":{"directory":"dist","spa":true}}"#,
        ),
        (
            site("dist", Some("npm run build")),
            r#"{"static":{"directory":"dist","spa":true,"command":"npm run build"}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&build).unwrap(), text);
        assert_eq!(serde_json::from_str::<Build>(text).unwrap(), build);
    }
}

#[test]
fn a_build_that_an_earlier_version_stored_is_a_dockerfiles() {
    #[derive(Deserialize)]
    struct Holder {
        #[serde(deserialize_with = "Build::read")]
        build: Build,
    }
    let read = |text: &str| serde_json::from_str::<Holder>(text).unwrap().build;
    assert_eq!(
        read(r#"{"build":{"path":"Dockerfile","context":"."}}"#),
        Build::Dockerfile(DockerfileBuild::default())
    );
    assert_eq!(
        read(r#"{"build":{"auto":{}}}"#),
        Build::Auto(AutoBuild::default())
    );
}

#[test]
fn a_static_build_cannot_smuggle_lines() {
    for (build, field) in [
        (site("a$b", None), "static.directory"),
        (site("a*", None), "static.directory"),
        (site("dist", Some("a\nUSER root")), "static.command"),
        (site("dist", Some(" ")), "static.command"),
    ] {
        let problems = build.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].0, field);
    }
    assert!(
        site("my dist/app", Some("npm run build && true"))
            .problems()
            .is_empty()
    );
}
