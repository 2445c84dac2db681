//! What registries say of images that were pushed to them.

use longshore_domain::ImageRef;
use serde::Deserialize;
use serde_json::Value;

/// An image that was pushed to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PushedImage {
    /// The repository within the registry, such as `library/nginx`.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The whole reference, when the sender gave one to be deployed as it is.
    pub reference: Option<ImageRef>,
}

impl PushedImage {
    /// What is wrong with deploying it for a service that comes from an image; nothing when
    /// it is that image.
    pub(super) fn differs_from(&self, wanted: &ImageRef) -> Option<String> {
        if let Some(reference) = &self.reference {
            let is_same = reference.registry() == wanted.registry()
                && reference.repository() == wanted.repository();
            return (!is_same)
                .then(|| format!("{reference} was named, the service comes from {wanted}."));
        }
        let Some(tag) = wanted.tag() else {
            return Some(format!("The service is pinned to {wanted}."));
        };
        let pushed_tag = self.tag.as_deref().unwrap_or_default();
        let is_same =
            self.repository.eq_ignore_ascii_case(&wanted.repository()) && pushed_tag == tag;
        (!is_same).then(|| {
            let pushed: String = format!("{}:{pushed_tag}", self.repository)
                .chars()
                .filter(|c| !c.is_control())
                .take(160)
                .collect();
            format!("{pushed} was pushed, the service comes from {wanted}.")
        })
    }
}

#[derive(Deserialize)]
struct HubEvent {
    push_data: HubPush,
    repository: HubRepository,
}

#[derive(Deserialize)]
struct HubPush {
    tag: Option<String>,
}

#[derive(Deserialize)]
struct HubRepository {
    repo_name: String,
}

#[derive(Deserialize)]
struct Notifications {
    events: Vec<Notification>,
}

#[derive(Deserialize)]
struct Notification {
    action: String,
    #[serde(default)]
    target: Target,
}

#[derive(Default, Deserialize)]
struct Target {
    repository: Option<String>,
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    image: String,
}

/// Reads what a registry sent: Docker Hub's webhook, the notifications of the registry that
/// Docker publishes (also Harbor's and GitLab's), or `{"image": "name:tag"}`.
///
/// # Errors
/// A sentence for the sender.
pub(super) fn read(body: &[u8]) -> Result<Vec<PushedImage>, String> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    if value.get("events").is_some() {
        let notifications: Notifications = of(value)?;
        let pushed = notifications.events.into_iter().filter_map(|event| {
            let tag = event.target.tag.filter(|_| event.action == "push")?;
            Some(PushedImage {
                repository: event.target.repository?,
                tag: Some(tag),
                reference: None,
            })
        });
        return Ok(pushed.collect());
    }
    if value.get("push_data").is_some() {
        let event: HubEvent = of(value)?;
        return Ok(vec![PushedImage {
            repository: event.repository.repo_name,
            tag: event.push_data.tag,
            reference: None,
        }]);
    }
    let named: Named = of(value).map_err(|_| {
        "the body is neither Docker Hub's, nor a registry's notification, nor \
         {\"image\": \"name:tag\"}"
            .to_owned()
    })?;
    Ok(vec![named_image(&named.image)?])
}

/// An image by its whole reference.
pub(super) fn named_image(text: &str) -> Result<PushedImage, String> {
    let reference: ImageRef = text.parse().map_err(|error| format!("image {error}"))?;
    Ok(PushedImage {
        repository: reference.repository(),
        tag: reference.tag().map(str::to_owned),
        reference: Some(reference),
    })
}

#[derive(Deserialize)]
struct GithubPackage {
    action: String,
    #[serde(alias = "registry_package")]
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    namespace: Option<String>,
    #[serde(rename = "package_version")]
    version: Option<PackageVersion>,
}

#[derive(Deserialize)]
struct PackageVersion {
    container_metadata: Option<ContainerMetadata>,
}

#[derive(Deserialize)]
struct ContainerMetadata {
    tag: Option<PackageTag>,
}

#[derive(Deserialize)]
struct PackageTag {
    name: Option<String>,
}

/// Reads GitHub's `package` or `registry_package` event: an image in its registry.
pub(super) fn github_package(body: &[u8]) -> Result<Vec<PushedImage>, String> {
    let event: GithubPackage = serde_json::from_slice(body)
        .map_err(|error| format!("the body is not the event that its header names: {error}"))?;
    if !matches!(event.action.as_str(), "published" | "updated") {
        return Ok(Vec::new());
    }
    let version = event.package.version;
    let metadata = version.and_then(|version| version.container_metadata);
    let tag = metadata.and_then(|metadata| metadata.tag?.name);
    let name = event.package.name;
    let repository = match event.package.namespace {
        Some(namespace) if !namespace.is_empty() => format!("{namespace}/{name}"),
        _ => name,
    };
    Ok(vec![PushedImage {
        repository,
        tag,
        reference: None,
    }])
}

fn of<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("the body cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(body: &str, wanted: &str) -> Option<String> {
        let mut images = read(body.as_bytes()).unwrap();
        images.remove(0).differs_from(&wanted.parse().unwrap())
    }

    #[test]
    fn docker_hub_names_repository_and_tag() {
        let body = r#"{"callback_url":"u","push_data":{"pushed_at":1417566161,"pusher":"ann",
            "tag":"latest","images":[]},"repository":{"repo_name":"ann/shop","namespace":"ann",
            "name":"shop","is_private":true,"status":"Active"}}"#;
        assert_eq!(differs(body, "ann/shop"), None);
        assert_eq!(differs(body, "docker.io/ann/shop:latest"), None);
        assert!(
            differs(body, "ann/shop:v2")
                .unwrap()
                .contains("ann/shop:latest was pushed")
        );
        let pinned = format!("ann/shop@sha256:{}", "a".repeat(64));
        assert!(differs(body, &pinned).unwrap().contains("pinned"));
    }

    #[test]
    fn a_registry_notifies_of_layers_and_pulls_too() {
        let event = |action: &str, tag: &str| {
            format!(
                r#"{{"id":"1","timestamp":"t","action":"{action}","target":{{"mediaType":
                "application/vnd.docker.distribution.manifest.v2+json","size":708,"digest":
                "sha256:1","repository":"team/app"{tag}}},"request":{{"host":"r:5000"}}}}"#
            )
        };
        let tag = r#","tag":"v1""#;
        let events = [event("pull", tag), event("push", ""), event("push", tag)];
        let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
        assert_eq!(read(body.as_bytes()).unwrap().len(), 1);
        assert_eq!(differs(&body, "r:5000/team/app:v1"), None);
    }

    #[test]
    fn a_named_image_must_be_of_the_same_repository() {
        let body = r#"{"image":"ghcr.io/ann/shop:sha-1"}"#;
        assert_eq!(differs(body, "ghcr.io/ann/shop:main"), None);
        assert!(differs(body, "ghcr.io/ann/other:main").is_some());
        assert!(differs(body, "ann/shop").is_some());
        assert!(read(br#"{"image":"A B"}"#).unwrap_err().contains("image"));
        assert!(read(b"{}").unwrap_err().contains("neither"));
    }

    #[test]
    fn github_tells_of_packages() {
        let body = br#"{"action":"published","package":{"id":1,"name":"shop","namespace":"ann",
            "package_type":"CONTAINER","package_version":{"id":2,"container_metadata":
            {"tag":{"name":"main","digest":"sha256:1"}}}}}"#;
        let image = github_package(body).unwrap().remove(0);
        assert_eq!(
            image.differs_from(&"ghcr.io/ann/shop:main".parse().unwrap()),
            None
        );
    }
}
