//! Names and labels of everything that this instance makes in Docker.

use std::collections::HashMap;

use longshore_agent_api::DeployJob;
use longshore_domain::{DeploymentId, EnvironmentId, ServiceId, ServiceName, VolumeName};

use crate::config::Config;

/// The longest name that Swarm takes.
const SWARM_NAME_MAX: usize = 63;

/// The tag for the image of one version. Its registry ends in `.invalid`, a name that no
/// resolver knows: nobody can ever be asked for it, or give another image for it.
pub fn image_tag(config: &Config, service: ServiceId, number: i32) -> String {
    Names::new(&config.instance).image(service, number)
}

/// Makes names and labels.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    instance: String,
}

impl Names {
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    pub(crate) fn new(instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
        }
    }

    pub(crate) fn image(&self, service: ServiceId, number: i32) -> String {
        format!("{}.invalid/{service}:{number}", self.instance)
    }

    /// `<instance>-<service name>-<short id>-<number>`; a long name is cut.
    pub(crate) fn swarm_service(&self, name: &ServiceName, id: ServiceId, number: i32) -> String {
        self.named(name, id, &number.to_string())
    }

    fn named(&self, name: &ServiceName, id: ServiceId, end: &str) -> String {
        // The first digits of an id are its time, which siblings share.
        let id = id.0.simple().to_string();
        let tail = format!("-{}-{end}", &id[24..]);
        let room = SWARM_NAME_MAX.saturating_sub(self.instance.len() + 1 + tail.len());
        let name: String = name.as_str().chars().take(room).collect();
        format!("{}-{}{tail}", self.instance, name.trim_end_matches('-'))
    }

    /// The name of a job's Swarm service, which is also its name in the networks' DNS.
    pub(crate) fn of_job(&self, job: &DeployJob) -> String {
        self.swarm_service(&job.service_name, job.service, job.number)
    }

    /// The same for one part of a version; the first one has the version's name.
    pub(crate) fn of_part(&self, job: &DeployJob, part: usize) -> String {
        if part == 0 {
            return self.of_job(job);
        }
        let end = format!("{}-{}", job.number, part + 1);
        self.named(&job.service_name, job.service, &end)
    }

    /// `<instance>-<service's id>-<volume name>`: it stays the same when a service is renamed.
    pub(crate) fn volume(&self, service: ServiceId, name: &VolumeName) -> String {
        format!("{}-{}-{name}", self.instance, service.0.simple())
    }

    /// `<instance>-<service's id>-<number>-file-<index>`.
    pub(crate) fn file(&self, service: ServiceId, number: i32, index: usize) -> String {
        let instance: String = self.instance.chars().take(12).collect();
        // Its end: the first digits of an id are its time.
        let id = service.0.simple().to_string();
        format!("{instance}-{}-{number}-file-{index}", &id[8..])
    }

    pub(crate) fn environment_network(&self, environment: EnvironmentId) -> String {
        format!("{}-env-{}", self.instance, environment.0.simple())
    }

    pub(crate) fn stack_network(&self, stack: ServiceId) -> String {
        format!("{}-stack-{}", self.instance, stack.0.simple())
    }

    /// The stack that something belongs to.
    pub(crate) fn stack(&self) -> String {
        format!("{}.stack", self.instance)
    }

    /// A digest of what decides how a component runs.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{}.fingerprint", self.instance)
    }

    /// Whether a label may be set by nobody but us and Docker.
    pub(crate) fn is_reserved(&self, label: &str) -> bool {
        label
            .strip_prefix(&self.instance)
            .is_some_and(|rest| rest.starts_with('.'))
            || label.starts_with("com.docker.")
    }

    pub(crate) fn edge_network(&self) -> String {
        format!("{}-edge", self.instance)
    }

    pub(crate) fn proxy(&self) -> String {
        format!("{}-proxy", self.instance)
    }

    /// On everything.
    pub(crate) fn owned(&self) -> String {
        format!("{}.owned", self.instance)
    }

    /// A version's health check.
    pub(crate) fn health(&self) -> String {
        format!("{}.health", self.instance)
    }

    /// On what belongs to a service.
    pub(crate) fn service(&self) -> String {
        format!("{}.service", self.instance)
    }

    /// The deployment that made it.
    pub(crate) fn deployment(&self) -> String {
        format!("{}.deployment", self.instance)
    }

    /// That deployment's number.
    pub(crate) fn number(&self) -> String {
        format!("{}.number", self.instance)
    }

    /// The name that a volume has within its service.
    pub(crate) fn volume_name(&self) -> String {
        format!("{}.volume", self.instance)
    }

    /// The labels of a volume. No deployment is in them: it belongs to all of the service's.
    pub(crate) fn volume_labels(
        &self,
        job: &DeployJob,
        name: &VolumeName,
    ) -> HashMap<String, String> {
        self.labels_of_volume(job.service, job.environment, name)
    }

    /// The same for a volume of a service or a stack.
    pub(crate) fn labels_of_volume(
        &self,
        owner: ServiceId,
        environment: EnvironmentId,
        name: &VolumeName,
    ) -> HashMap<String, String> {
        HashMap::from([
            (self.owned(), String::new()),
            (self.service(), owner.to_string()),
            (self.environment(), environment.to_string()),
            (self.volume_name(), name.to_string()),
        ])
    }

    /// The environment it belongs to.
    pub(crate) fn environment(&self) -> String {
        format!("{}.environment", self.instance)
    }

    /// The place of a Swarm service among those of its version, from 0.
    pub(crate) fn part(&self) -> String {
        format!("{}.part", self.instance)
    }

    /// The port that a version listens on.
    pub(crate) fn port(&self) -> String {
        format!("{}.port", self.instance)
    }

    /// On a version whose visitors stay with one container.
    pub(crate) fn sticky(&self) -> String {
        format!("{}.sticky", self.instance)
    }

    /// What a container that is no task of a service is for.
    pub(crate) fn role(&self) -> String {
        format!("{}.role", self.instance)
    }

    /// A digest of what a container was made from.
    pub(crate) fn made_from(&self) -> String {
        format!("{}.made-from", self.instance)
    }

    /// The labels of what a deployment makes.
    pub(crate) fn labels(&self, job: &DeployJob) -> HashMap<String, String> {
        let mut labels = HashMap::from([
            (self.owned(), String::new()),
            (self.service(), job.service.to_string()),
            (self.deployment(), job.deployment.to_string()),
            (self.number(), job.number.to_string()),
            (self.environment(), job.environment.to_string()),
        ]);
        if let Some(port) = job.port {
            labels.insert(self.port(), port.to_string());
        }
        if job.sticky_sessions {
            labels.insert(self.sticky(), String::new());
        }
        if let Some(component) = &job.component {
            labels.insert(self.stack(), component.stack.to_string());
        }
        labels
    }

    /// The value of a label as a typed value.
    pub(crate) fn read<T: std::str::FromStr>(
        labels: Option<&HashMap<String, String>>,
        key: &str,
    ) -> Option<T> {
        labels?.get(key)?.parse().ok()
    }

    /// The deployment that made something.
    pub(crate) fn deployment_of(
        &self,
        labels: Option<&HashMap<String, String>>,
    ) -> Option<DeploymentId> {
        Self::read(labels, &self.deployment())
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, ServiceId};

    #[test]
    fn names_fit_into_swarm_and_differ_by_service_and_number() {
        let names = Names::new("longshore-with-a-long-instance");
        let long = "a".repeat(40).parse().unwrap();
        let (one, two) = (ServiceId::generate(), ServiceId::generate());
        let name = names.swarm_service(&long, one, 12_345);
        assert!(name.len() <= 63, "{name}");
        assert!(name.ends_with("-12345"));
        assert_ne!(name, names.swarm_service(&long, two, 12_345));
        assert_ne!(name, names.swarm_service(&long, one, 12_346));
    }

    #[test]
    fn images_belong_to_a_registry_that_cannot_exist() {
        let tag = Names::new("longshore").image(ServiceId::generate(), 3);
        assert!(tag.starts_with("longshore.invalid/"));
        assert!(tag.ends_with(":3"));
    }
}
