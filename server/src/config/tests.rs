//! Tests of the configuration: precedence, completeness of errors, contradictions.

use std::io::Write as _;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let mut all: Environment = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    all.entry("LONGSHORE_CONFIG".to_owned())
        .or_insert_with(|| "/dev/null".to_owned());
    all
}

fn file_with(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn nothing_set_gives_the_documented_defaults() {
    let config = load(&FlagValues::default(), &environment(&[])).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/longshore"));
    assert_eq!(config.listen.to_string(), "0.0.0.0:3000");
    assert_eq!(config.local_address().to_string(), "127.0.0.1:3000");
    assert_eq!(
        config.agent_socket,
        PathBuf::from("/run/longshore/agent.sock")
    );
    assert_eq!((config.proxy.http_port, config.proxy.https_port), (80, 443));
    assert_eq!(config.instance.as_str(), "longshore");
    assert!(config.database_url.is_none());
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let file = file_with("listen = \"127.0.0.1:1\"\ninstance = \"file\"\nproxy_http_port = 8080\n");
    let mut flags = FlagValues {
        file: Some(file.path().to_owned()),
        ..FlagValues::default()
    };
    flags
        .settings
        .insert(Setting::Listen, "127.0.0.1:3".to_owned());
    let environment = environment(&[
        ("LONGSHORE_LISTEN", "127.0.0.1:2"),
        ("LONGSHORE_INSTANCE", "variable"),
    ]);
    let config = load(&flags, &environment).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.instance.as_str(), "variable");
    assert_eq!(config.proxy.http_port, 8080);
}

#[test]
fn all_errors_come_at_once_with_name_source_and_expectation() {
    let file = file_with("lissten = 1\nproxy_http_port = 99999\ndata-dir = \"/x\"\n");
    let mut flags = FlagValues {
        file: Some(file.path().to_owned()),
        ..FlagValues::default()
    };
    flags
        .settings
        .insert(Setting::DataDir, "relative".to_owned());
    let environment = environment(&[
        ("LONGSHORE_LISTEN", "nonsense"),
        ("DATABASE_URL", "mysql://root:hunter2@h/x"),
        ("LONGSHORE_TRUSTED_PROXIES", "10.0.0.0/8, 10.0.0.0/33"),
    ]);
    let errors = load(&flags, &environment).unwrap_err();
    let text = errors.to_string();
    assert_eq!(errors.problems.len(), 7, "{text}");
    assert!(
        text.contains("LONGSHORE_DATA_DIR is \"relative\" (from the command line)"),
        "{text}"
    );
    assert!(
        text.contains("LONGSHORE_LISTEN is \"nonsense\" (from the environment)"),
        "{text}"
    );
    assert!(text.contains("like 0.0.0.0:3000"), "{text}");
    assert!(
        text.contains(&format!("\"99999\" (from {})", file.path().display())),
        "{text}"
    );
    assert!(
        text.contains("\"data-dir\"") && text.contains("did you mean \"data_dir\""),
        "{text}"
    );
    assert!(
        text.contains("LONGSHORE_TRUSTED_PROXIES is \"10.0.0.0/8, 10.0.0.0/33\""),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "a password was shown: {text}");
}

#[test]
fn a_named_file_must_exist_and_be_toml() {
    let flags = FlagValues {
        file: Some("/nonexistent.toml".into()),
        ..FlagValues::default()
    };
    let text = load(&flags, &environment(&[])).unwrap_err().to_string();
    assert!(text.contains("cannot read /nonexistent.toml"), "{text}");
    let file = file_with("listen = ");
    let flags = FlagValues {
        file: Some(file.path().to_owned()),
        ..FlagValues::default()
    };
    assert!(load(&flags, &environment(&[])).is_err());
}

#[test]
fn ports_may_not_clash() {
    let clash = environment(&[
        ("LONGSHORE_LISTEN", "0.0.0.0:443"),
        ("LONGSHORE_PROXY_HTTP_PORT", "443"),
    ]);
    let text = load(&FlagValues::default(), &clash)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("which LONGSHORE_PROXY_HTTP_PORT already has"),
        "{text}"
    );
    assert!(
        text.contains("which LONGSHORE_PROXY_HTTPS_PORT already has"),
        "{text}"
    );
}

#[test]
fn a_run_directory_too_deep_for_sockets_is_refused() {
    let deep = format!("/{}", "d".repeat(90));
    let text = load(
        &FlagValues::default(),
        &environment(&[("LONGSHORE_RUN_DIR", &deep)]),
    )
    .unwrap_err()
    .to_string();
    assert!(text.contains("Unix sockets"), "{text}");
}

#[test]
fn variables_of_a_child_give_the_same_configuration() {
    let given = environment(&[
        ("LONGSHORE_RUN_DIR", "/tmp/run"),
        ("LONGSHORE_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("LONGSHORE_PUBLIC_URL", "https://shore.example.com"),
        ("DATABASE_URL", "postgres://u:p@h/d"),
        ("LONGSHORE_ACME_EMAIL", "ops@example.com"),
    ]);
    let config = load(&FlagValues::default(), &given).unwrap();
    let mut passed: Environment = config
        .variables()
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect();
    passed.insert("LONGSHORE_CONFIG".to_owned(), "/dev/null".to_owned());
    let again = load(&FlagValues::default(), &passed).unwrap();
    assert_eq!(format!("{config:?}"), format!("{again:?}"));
    assert_eq!(again.database_url.unwrap().expose(), "postgres://u:p@h/d");
}

#[test]
fn the_embedded_database_is_reached_through_its_socket_directory() {
    let config = load(
        &FlagValues::default(),
        &environment(&[("LONGSHORE_RUN_DIR", "/tmp/a b")]),
    )
    .unwrap();
    assert_eq!(
        config.effective_database_url().expose(),
        "postgres:///longshore?host=%2Ftmp%2Fa+b%2Fpostgres&user=longshore"
    );
}
