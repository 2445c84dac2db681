//! References to container images.

use std::str::FromStr;

use super::{InvalidText, RegistryHost, text_type};

/// A reference to an image as Docker writes it: `[registry[:port]/]path[:tag][@sha256:…]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRef(String);
text_type!(ImageRef);

impl ImageRef {
    /// The registry that it comes from; Docker Hub when it names none.
    pub fn registry(&self) -> RegistryHost {
        match self.0.split_once('/') {
            Some((host, _)) if is_host(host) => {
                host.parse().unwrap_or_else(|_| RegistryHost::docker_hub())
            }
            _ => RegistryHost::docker_hub(),
        }
    }

    /// The repository within its registry, in full: `library/nginx` of `nginx:1.27`.
    pub fn repository(&self) -> String {
        let path = match self.0.split_once('/') {
            Some((host, path)) if is_host(host) => path,
            _ => &self.0,
        };
        let path = path.split('@').next().unwrap_or(path);
        let path = match path.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => path,
            _ => path,
        };
        if self.registry().is_docker_hub() && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        }
    }

    /// The tag, `latest` when it names none; none when it is pinned by a digest.
    pub fn tag(&self) -> Option<&str> {
        if self.0.contains('@') {
            return None;
        }
        match self.0.rsplit_once(':') {
            Some((_, tag)) if !tag.contains('/') => Some(tag),
            _ => Some("latest"),
        }
    }
}

/// Whether the first part of a reference is a registry and not a folder of Docker Hub.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
}

impl FromStr for ImageRef {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.len() > 400 {
            return Err(InvalidText::new("must have at most 400 characters"));
        }
        let (name_and_tag, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(InvalidText::new(
                    "has a digest that is not sha256: and 64 hexadecimal digits",
                ));
            }
        }
        let (name, tag) = match name_and_tag.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name_and_tag, None),
        };
        if let Some(tag) = tag {
            let fits = !tag.is_empty()
                && tag.len() <= 128
                && tag
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                && !tag.starts_with(['.', '-']);
            if !fits {
                return Err(InvalidText::new("has a tag that Docker does not allow"));
            }
        }
        let mut parts = name.split('/').peekable();
        let mut first = true;
        while let Some(part) = parts.next() {
            let is_registry = first
                && parts.peek().is_some()
                && (part.contains(['.', ':']) || part == "localhost");
            first = false;
            let allowed = |b: u8| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b"._-".contains(&b)
                    || (is_registry && (b == b':' || b.is_ascii_uppercase()))
            };
            if part.is_empty()
                || !part.bytes().all(allowed)
                || part.starts_with(['.', '-', '_'])
                || part.ends_with(['.', '-', '_'])
            {
                return Err(InvalidText::new(
                    "is not an image reference such as nginx:1.27 or registry.example.com/team/app:v2",
                ));
            }
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::ImageRef;

    #[test]
    fn a_reference_has_a_registry_a_repository_and_a_tag() {
        for (text, registry, repository, tag) in [
            ("nginx", "docker.io", "library/nginx", Some("latest")),
            ("nginx:1.27", "docker.io", "library/nginx", Some("1.27")),
            ("you/app", "docker.io", "you/app", Some("latest")),
            (
                "docker.io/nginx",
                "docker.io",
                "library/nginx",
                Some("latest"),
            ),
            ("ghcr.io/you/app:v1", "ghcr.io", "you/app", Some("v1")),
            (
                "localhost:5000/app",
                "localhost:5000",
                "app",
                Some("latest"),
            ),
            ("localhost/a/b:2", "localhost", "a/b", Some("2")),
        ] {
            let image: ImageRef = text.parse().unwrap();
            assert_eq!(image.registry().as_str(), registry, "{text}");
            assert_eq!(image.repository(), repository, "{text}");
            assert_eq!(image.tag(), tag, "{text}");
        }
        let pinned = format!("r.io/a:1@sha256:{}", "a".repeat(64));
        let pinned: ImageRef = pinned.parse().unwrap();
        assert_eq!(pinned.tag(), None);
        assert_eq!(pinned.repository(), "a");
    }
}
