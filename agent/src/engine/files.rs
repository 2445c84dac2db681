//! Files with a text of their own, as secrets of the Swarm: they are encrypted where Swarm
//! keeps them, reach any machine of it, and lie in memory only inside a container.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::models::{
    Secret, SecretSpec, TaskSpecContainerSpecFile, TaskSpecContainerSpecSecrets,
};
use bollard::query_parameters::{ListSecretsOptionsBuilder, UploadToContainerOptionsBuilder};
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::{FailureKind, ServiceId};

use super::{Engine, Names, is_absent, is_conflict, problem, refused};

/// Everybody may read: the program may run as any user, and nobody else is in its container.
const MODE: u32 = 0o444;

/// A file of a version, an app's or a component's.
struct FileOf<'a> {
    path: &'a str,
    content: &'a str,
    uid: &'a str,
    gid: &'a str,
    mode: u32,
}

fn files_of(job: &DeployJob) -> Vec<FileOf<'_>> {
    let own = job.files.iter().map(|file| FileOf {
        path: file.path.as_str(),
        content: file.content.expose(),
        uid: "0",
        gid: "0",
        mode: MODE,
    });
    let component = job
        .component
        .iter()
        .flat_map(|stack| &stack.component.files);
    own.chain(component.map(|file| FileOf {
        path: &file.target,
        content: &file.content,
        uid: &file.uid,
        gid: &file.gid,
        mode: file.mode,
    }))
    .collect()
}

impl Engine {
    /// Makes a version's files, and gives what its containers are told of them.
    pub(super) async fn ensure_files(
        &self,
        job: &DeployJob,
    ) -> Result<Vec<TaskSpecContainerSpecSecrets>, AgentProblem> {
        let files = files_of(job);
        if files.is_empty() {
            return Ok(Vec::new());
        }
        for (index, file) in files.iter().enumerate() {
            self.ensure_file(job, index, file).await?;
        }
        let made = self.files(Some(job.service), Some(job.number)).await?;
        let ids: HashMap<String, String> = made
            .into_iter()
            .filter_map(|secret| Some((secret.spec?.name?, secret.id?)))
            .collect();
        files
            .iter()
            .enumerate()
            .map(|(index, file)| {
                let name = self.names.file(job.service, job.number, index);
                let id = ids.get(&name).cloned().ok_or_else(|| {
                    problem(FailureKind::StartFailed, "A file of the version is gone.")
                })?;
                Ok(TaskSpecContainerSpecSecrets {
                    file: Some(TaskSpecContainerSpecFile {
                        name: Some(file.path.to_owned()),
                        uid: Some(file.uid.to_owned()),
                        gid: Some(file.gid.to_owned()),
                        mode: Some(file.mode),
                    }),
                    secret_id: Some(id),
                    secret_name: Some(name),
                })
            })
            .collect()
    }

    async fn ensure_file(
        &self,
        job: &DeployJob,
        index: usize,
        file: &FileOf<'_>,
    ) -> Result<(), AgentProblem> {
        // Docker refuses a secret without a text.
        let text = match file.content {
            "" => "\n",
            text => text,
        };
        let spec = SecretSpec {
            name: Some(self.names.file(job.service, job.number, index)),
            labels: Some(self.names.labels(job)),
            data: Some(STANDARD.encode(text)),
            ..SecretSpec::default()
        };
        match self.docker.create_secret(spec).await {
            Ok(_) => Ok(()),
            // A version's files never change: it was made by an earlier attempt.
            Err(error) if is_conflict(&error) => Ok(()),
            Err(error) => Err(refused("A file of the version", &error)),
        }
    }

    /// Puts the files into a container that has not been started, which Swarm does not do
    /// for one that is no task.
    pub(super) async fn copy_files(
        &self,
        job: &DeployJob,
        container: &str,
    ) -> Result<(), AgentProblem> {
        if job.files.is_empty() {
            return Ok(());
        }
        let broken = |_| problem(FailureKind::Internal, "The files could not be packed.");
        let mut archive = tar::Builder::new(Vec::new());
        for file in &job.files {
            let text = file.content.expose().as_bytes();
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(MODE);
            let path = file.path.as_str().trim_start_matches('/');
            archive
                .append_data(&mut header, path, text)
                .map_err(broken)?;
        }
        let archive = archive.into_inner().map_err(broken)?;
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        self.docker
            .upload_to_container(container, Some(options), bollard::body_full(archive.into()))
            .await
            .map_err(|error| refused("The files of the version", &error))
    }

    /// Removes the files of one version, or of all of a service's.
    pub(super) async fn remove_files(
        &self,
        service: ServiceId,
        number: Option<i32>,
    ) -> Result<(), AgentProblem> {
        for secret in self.files(Some(service), number).await? {
            let id = secret.id.unwrap_or_default();
            match self.docker.delete_secret(&id).await {
                Err(error) if !is_absent(&error) => {
                    return Err(refused("The removal of a file", &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The versions that have files.
    pub(super) async fn versions_with_files(&self) -> Result<Vec<(ServiceId, i32)>, AgentProblem> {
        let mut versions: Vec<(ServiceId, i32)> = self
            .files(None, None)
            .await?
            .into_iter()
            .filter_map(|secret| {
                let labels = secret.spec?.labels;
                let service = Names::read(labels.as_ref(), &self.names.service())?;
                let number = Names::read(labels.as_ref(), &self.names.number())?;
                Some((service, number))
            })
            .collect();
        versions.sort_unstable_by_key(|(service, number)| (service.0, *number));
        versions.dedup();
        Ok(versions)
    }

    async fn files(
        &self,
        service: Option<ServiceId>,
        number: Option<i32>,
    ) -> Result<Vec<Secret>, AgentProblem> {
        let mut labels = vec![self.service_label(service)];
        if let Some(number) = number {
            labels.push(format!("{}={number}", self.names.number()));
        }
        let filters = HashMap::from([("label", labels)]);
        let options = ListSecretsOptionsBuilder::default()
            .filters(&filters)
            .build();
        self.docker
            .list_secrets(Some(options))
            .await
            .map_err(|error| refused("The list of files", &error))
    }
}
