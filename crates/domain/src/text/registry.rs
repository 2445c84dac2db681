//! Hosts of container registries.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// The host of a registry, with its port when it is not the usual one, in lower case.
/// All names of Docker Hub are `docker.io`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryHost(String);
text_type!(RegistryHost);

impl RegistryHost {
    /// Docker Hub, where images without a host come from.
    pub fn docker_hub() -> Self {
        Self("docker.io".to_owned())
    }

    /// Whether this is Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        self.0 == "docker.io"
    }
}

impl FromStr for RegistryHost {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_end_matches('/');
        let text = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .unwrap_or(text);
        // What Docker's own files call Docker Hub.
        let text = text.strip_suffix("/v1").unwrap_or(text);
        let host = text.to_ascii_lowercase();
        if matches!(
            host.as_str(),
            "docker.io" | "index.docker.io" | "registry-1.docker.io" | "hub.docker.com"
        ) {
            return Ok(Self::docker_hub());
        }
        let wrong = || {
            InvalidText::new(
                "must be a registry's host, such as ghcr.io or registry.example.com:5000",
            )
        };
        let (name, port) = match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host.as_str(), None),
        };
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(wrong());
        }
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // As in an image's name: what has neither a dot nor a port is no host.
        let is_host = name.contains('.') || port.is_some() || name == "localhost";
        if name.len() > 253 || !is_host || !name.split('.').all(is_label) {
            return Err(wrong());
        }
        Ok(Self(host))
    }
}

#[cfg(test)]
mod tests {
    use super::RegistryHost;

    #[test]
    fn hosts_are_read_and_docker_hub_has_one_name() {
        for (text, host) in [
            ("ghcr.io", "ghcr.io"),
            ("https://GHCR.io/", "ghcr.io"),
            ("localhost:5000", "localhost:5000"),
            ("127.0.0.1:5000", "127.0.0.1:5000"),
            ("index.docker.io", "docker.io"),
            ("https://index.docker.io/v1/", "docker.io"),
        ] {
            assert_eq!(text.parse::<RegistryHost>().unwrap().as_str(), host);
        }
        for wrong in [
            "",
            "ghcr",
            "a b.c",
            "x.y:0",
            "x.y:99999",
            "ghcr.io/you",
            "-a.b",
            "a..b",
        ] {
            assert!(wrong.parse::<RegistryHost>().is_err(), "{wrong}");
        }
    }
}
