use std::collections::{BTreeMap, BTreeSet};

use super::{ENGINES, Engine, EngineValue, URL_KEY};
use crate::specification::run_problems;
use crate::variable::{Scopes, Variable, fill, resolve};
use crate::{EnvKey, Secret, ServiceName};

/// An engine's variables as they are stored when a database is made.
fn variables(engine: &Engine, host: &str) -> BTreeMap<EnvKey, Variable> {
    let host: ServiceName = host.parse().unwrap();
    let url = Variable {
        value: Secret::new(engine.url_of(&host)),
        secret: true,
    };
    let own = engine.variables.iter().map(|variable| {
        let (value, secret) = match variable.value {
            EngineValue::Text(text) => (text, false),
            EngineValue::Secret(text) => (text, true),
            EngineValue::Password => ("pass", true),
        };
        let value = Variable {
            value: Secret::new(value),
            secret,
        };
        (variable.key.parse().unwrap(), value)
    });
    own.chain([(URL_KEY.parse().unwrap(), url)]).collect()
}

#[test]
fn every_engine_is_complete() {
    let names: BTreeSet<_> = ENGINES.iter().map(|engine| engine.name).collect();
    assert_eq!(names.len(), ENGINES.len());
    for engine in ENGINES {
        let name = engine.name;
        assert!(engine.versions.contains(&engine.default_version), "{name}");
        for version in engine.versions {
            engine
                .image(&engine.version(Some(version)).unwrap())
                .expect(name);
        }
        let run = engine.run([], None).expect(name);
        assert!(run_problems(&run, None).is_empty(), "{name}");
        assert!(run.has_one_writer());
        assert_eq!(run.volumes[0].path.as_str(), engine.data_directory);
        assert!(
            engine
                .variables
                .iter()
                .all(|variable| variable.key != URL_KEY),
            "{name}"
        );
        let passwords = engine
            .variables
            .iter()
            .filter(|v| v.value == EngineValue::Password);
        assert!(passwords.count() > 0, "{name}");
    }
}

#[test]
fn every_url_resolves_and_is_secret() {
    for engine in ENGINES {
        let own = variables(engine, "main-db");
        let resolved = resolve(&own, &Scopes::default()).expect(engine.name);
        let url = &resolved[&URL_KEY.parse().unwrap()];
        let text = url.value.expose();
        assert!(
            url.secret && !text.contains("${{"),
            "{}: {text}",
            engine.name
        );
        let place = format!("pass@main-db:{}", engine.port);
        assert!(text.contains(&place), "{}: {text}", engine.name);
        // No password stands open in a variable that anybody may read.
        for (key, variable) in &resolved {
            assert!(
                variable.secret || !variable.value.expose().contains("pass"),
                "{key}"
            );
        }
        let values = resolved
            .into_iter()
            .map(|(key, variable)| (key, variable.value))
            .collect();
        let arguments = engine.run([], None).unwrap().arguments.unwrap_or_default();
        let console = engine.console.iter().map(|&argument| argument.to_owned());
        for argument in arguments.into_iter().chain(console) {
            let filled = fill(&argument, &values);
            assert!(!filled.contains("${{"), "{}: {filled}", engine.name);
        }
    }
}

#[test]
fn clients_know_a_password_that_their_containers_need_not() {
    let mysql = Engine::find("mysql").unwrap();
    let key: EnvKey = "MYSQL_PWD".parse().unwrap();
    let own = variables(mysql, "db");
    // With it, the first start of the image fails halfway.
    assert!(!own.contains_key(&key));
    let mut values = resolve(&own, &Scopes::default())
        .unwrap()
        .into_iter()
        .map(|(key, variable)| (key, variable.value))
        .collect();
    mysql.add_client_variables(&mut values);
    assert_eq!(values[&key].expose(), "pass");
    for engine in ENGINES {
        for (key, _) in engine.client_variables {
            key.parse::<EnvKey>().expect(engine.name);
        }
    }
}

#[test]
fn options_are_checked_and_become_arguments() {
    let redis = Engine::find("redis").unwrap();
    let run = redis
        .run(
            [("maxmemory-policy", "allkeys-lru"), ("appendonly", "no")],
            None,
        )
        .unwrap();
    assert_eq!(
        run.arguments.unwrap().join(" "),
        "redis-server --requirepass ${{REDIS_PASSWORD}} --maxmemory-policy allkeys-lru --appendonly no"
    );
    let (field, _) = redis.run([("appendonly", "maybe")], None).unwrap_err();
    assert_eq!(field, "options.appendonly");
    assert!(redis.run([("module", "/x.so")], None).is_err());
    let postgres = Engine::find("postgres").unwrap();
    assert!(postgres.run([("appendonly", "no")], None).is_err());
    assert!(postgres.run([], None).unwrap().arguments.is_none());
}

#[test]
fn versions_are_those_of_a_series_and_cannot_name_another_image() {
    let postgres = Engine::find("postgres").unwrap();
    assert_eq!(postgres.version(None).unwrap(), "15");
    assert_eq!(postgres.version(Some(" ")).unwrap(), "15");
    for good in ["17", "17.2", "16-alpine", "15.8-bookworm"] {
        assert_eq!(postgres.version(Some(good)).unwrap(), good);
    }
    for bad in [
        "9",
        "155",
        "17@sha256:0",
        "17/../x",
        "latest",
        "17:1",
        "17 ",
        "1",
    ] {
        let answer = postgres.version(Some(bad));
        assert!(answer.is_err() || bad == "17 ", "{bad}");
    }
    assert!(
        Engine::find("oracle")
            .unwrap_err()
            .to_string()
            .contains("postgres")
    );
}

#[test]
fn a_version_moves_only_where_its_files_can_be_read() {
    let postgres = Engine::find("postgres").unwrap();
    assert_eq!(postgres.next_version("15", "15.8").unwrap(), "15.8");
    assert_eq!(postgres.next_version("15.8", "15").unwrap(), "15");
    for bad in ["16", "14", "16.1", "latest"] {
        assert!(postgres.next_version("15.8", bad).is_err(), "{bad}");
    }
    let redis = Engine::find("redis").unwrap();
    assert_eq!(redis.next_version("7", "8").unwrap(), "8");
    assert!(redis.next_version("8", "7.4").is_err());
    let mysql = Engine::find("mysql").unwrap();
    assert!(mysql.next_version("8.0.36", "8.4").is_err());
    assert_eq!(mysql.next_version("8.0.36", "8.0.40").unwrap(), "8.0.40");
}

#[test]
fn options_can_be_read_back_and_memory_is_bounded_below_the_limit() {
    let redis = Engine::find("redis").unwrap();
    let chosen = [("maxmemory-policy", "allkeys-lru")];
    let run = redis.run(chosen, Some(400)).unwrap();
    assert_eq!(run.memory_limit_bytes, Some(400));
    assert_eq!(redis.chosen(&run)["maxmemory-policy"], "allkeys-lru");
    assert_eq!(redis.chosen(&run)["appendonly"], "yes");
    let arguments = run.arguments.unwrap();
    assert_eq!(arguments[arguments.len() - 2..], ["--maxmemory", "300"]);
    assert_eq!(redis.password_key(), Some("REDIS_PASSWORD"));
    assert!(ENGINES.iter().all(|engine| engine.password_key().is_some()));
}

#[test]
fn an_image_with_extensions_must_be_of_the_series() {
    let postgres = Engine::find("postgres").unwrap();
    let fits = |version: &str, image: &str| postgres.image_or(version, Some(image)).is_ok();
    assert!(fits("17", "pgvector/pgvector:pg17"));
    assert!(fits(
        "17.2",
        "registry.example.com:5000/db/pgvector:0.8.0-pg17"
    ));
    assert!(fits("16.4", "postgis/postgis:16-3.5"));
    assert!(fits("15", "timescale/timescaledb:latest-pg15.8"));
    assert!(!fits("17", "pgvector/pgvector:pg16"));
    assert!(!fits("17", "pgvector/pgvector"));
    assert!(!fits("17", "registry.example.com:17/pgvector"));
    assert!(!fits("17", "pgvector/pgvector:0.17.0-pg16"));
    assert!(!fits("17", "pgvector/pgvector:pg170"));
    let usual = postgres.image_or("17", None).unwrap();
    assert_eq!(usual.as_str(), "postgres:17");
    assert!(postgres.is_usual(&usual));
    assert!(!postgres.is_usual(&"pgvector/pgvector:pg17".parse().unwrap()));
    let redis = Engine::find("redis").unwrap();
    assert!(redis.image_or("7", Some("redis/redis-stack:7.4")).is_err());
}
