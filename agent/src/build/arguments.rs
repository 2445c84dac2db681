//! What a build is given as arguments.

use std::collections::BTreeMap;

use longshore_agent_api::WireSecret;
use longshore_domain::EnvKey;
use longshore_domain::source::Build;

/// The arguments of a build: variables of the service that it asks for, and those that
/// its settings spell out, which come first.
pub fn arguments(
    build: &Build,
    variables: &BTreeMap<EnvKey, WireSecret>,
) -> BTreeMap<EnvKey, String> {
    let wanted = build.variables();
    let mut arguments: BTreeMap<EnvKey, String> = variables
        .iter()
        .filter(|(key, _)| wanted.iter().any(|wanted| wanted.matches(key)))
        .map(|(key, value)| (key.clone(), value.expose().to_owned()))
        .collect();
    if let Build::Dockerfile(build) = build {
        arguments.extend(build.args.clone());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use longshore_domain::source::{Build, DockerfileBuild};

    use super::arguments;

    #[test]
    fn what_is_spelled_out_wins_over_a_variable() {
        let key = |text: &str| text.parse().unwrap();
        let build = Build::Dockerfile(DockerfileBuild {
            args: BTreeMap::from([(key("VITE_B"), "own".to_owned())]),
            variables: vec!["VITE_*".parse().unwrap()],
            ..DockerfileBuild::default()
        });
        let variables = [("VITE_A", "1"), ("VITE_B", "2"), ("OTHER", "3")]
            .map(|(name, value)| (key(name), value.into()));
        let expected =
            [("VITE_A", "1"), ("VITE_B", "own")].map(|(name, value)| (key(name), value.to_owned()));
        assert_eq!(arguments(&build, &variables.into()), expected.into());
    }
}
