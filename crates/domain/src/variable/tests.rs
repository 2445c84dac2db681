use std::collections::BTreeMap;

use super::{Scopes, Unresolved, VALUE_MAX_BYTES, Variable, resolve, resolve_environment};
use crate::{EnvKey, Secret};

fn variables(list: &[(&str, &str)]) -> BTreeMap<EnvKey, Variable> {
    list.iter()
        .map(|(key, value)| {
            let variable = Variable {
                value: Secret::new(*value),
                secret: false,
            };
            (key.parse().unwrap(), variable)
        })
        .collect()
}

fn reason(own: &[(&str, &str)], scopes: &Scopes) -> String {
    resolve(&variables(own), scopes).unwrap_err().to_string()
}

#[test]
fn an_error_names_what_is_missing() {
    let scopes = Scopes {
        services: BTreeMap::from([("db".to_owned(), variables(&[("URL", "x")]))]),
        ..Scopes::default()
    };
    for (value, missing) in [
        ("${{db.URI}}", "the service db has no variable URI"),
        (
            "${{cache.URL}}",
            "no service cache with variables is in this environment",
        ),
        ("${{B}}", "this service has no variable B"),
        ("${{environment.B}}", "the environment has no variable B"),
        ("${{project.B}}", "the project has no variable B"),
        ("${{ 1 }}", "this service has no variable 1"),
    ] {
        let message = reason(&[("A", value)], &scopes);
        assert!(message.starts_with("A refers to ${{"), "{message}");
        assert!(message.ends_with(missing), "{message}");
    }
}

#[test]
fn circles_are_found_through_every_scope() {
    let own = [("A", "${{environment.E}}")];
    let scopes = Scopes {
        environment: variables(&[("E", "${{web.A}}")]),
        services: BTreeMap::from([("web".to_owned(), variables(&own))]),
        ..Scopes::default()
    };
    let error = resolve(&variables(&own), &scopes).unwrap_err();
    assert_eq!(error.reason, Unresolved::Cycle);
    let of_environment = resolve_environment(&scopes);
    assert!(of_environment.values().all(Result::is_err));
}

#[test]
fn values_that_double_at_each_step_end_soon() {
    let mut list: Vec<(String, String)> = (0..49)
        .map(|n| {
            (
                format!("V{n}"),
                format!("${{{{V{0}}}}}${{{{V{0}}}}}", n + 1),
            )
        })
        .collect();
    list.push(("V49".to_owned(), String::new()));
    let own = |list: &[(String, String)]| {
        let list: Vec<_> = list.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        variables(&list)
    };
    assert!(resolve(&own(&list), &Scopes::default()).is_ok());
    list[49].1 = "x".repeat(VALUE_MAX_BYTES / 4);
    let error = resolve(&own(&list), &Scopes::default()).unwrap_err();
    assert_eq!(error.reason, Unresolved::TooLong);
}

#[test]
fn a_long_chain_does_not_exhaust_the_stack() {
    let list: Vec<(String, String)> = (0..5000)
        .map(|n| (format!("V{n:05}"), format!("${{{{V{:05}}}}}", n + 1)))
        .collect();
    let list: Vec<_> = list.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let error = resolve(&variables(&list), &Scopes::default()).unwrap_err();
    assert_eq!(error.reason, Unresolved::TooDeep);
}
