//! A claimed deployment as the agent is told of it.

use std::collections::BTreeMap;

use longshore_agent_api::{
    ComposeFile, DeployJob, GitCredentials, JobFile, Origin, RegistryLogin, Repository, StackJob,
    StageLimits, WireSecret,
};
use longshore_control::RegistryAccount;
use longshore_control::work::{self, ClaimedDeployment};
use longshore_domain::source::Build;
use longshore_domain::specification::Origin as SpecifiedOrigin;
use longshore_domain::variable::fill;
use longshore_domain::{EnvKey, Secret};

/// The complete job. The same claimed deployment always gives the same work: the agent
/// recognises it by its content.
pub(crate) fn job(claimed: &ClaimedDeployment) -> DeployJob {
    let specification = &claimed.specification;
    let run = &specification.run;
    DeployJob {
        deployment: claimed.id,
        number: claimed.number,
        service: claimed.service,
        service_name: specification.service_name.clone(),
        environment: claimed.environment,
        origin: origin(claimed),
        stack: stack(claimed).map(Box::new),
        component: None,
        registries: claimed.registries.iter().map(login).collect(),
        variables: wire(&claimed.variables),
        redact: claimed.redact.iter().cloned().map(WireSecret).collect(),
        port: specification.port,
        command: run.command.clone(),
        arguments: run.arguments.as_ref().map(|arguments| {
            let fill = |text: &String| fill(text, &claimed.variables);
            arguments
                .iter()
                .map(|text| WireSecret::from(Secret::new(fill(text))))
                .collect()
        }),
        volumes: run.volumes.clone(),
        files: run
            .files
            .iter()
            .map(|file| JobFile {
                path: file.path.clone(),
                content: Secret::new(fill(&file.content, &claimed.variables)).into(),
            })
            .collect(),
        binds: run.binds.clone(),
        host_ports: run.host_ports.clone(),
        scale: run.scale.clone(),
        release_command: run.release_command.clone(),
        replicas: run.replicas,
        memory_limit_bytes: run.memory_limit_bytes,
        cpu_limit_millis: run.cpu_limit_millis,
        health: run.health.clone(),
        strategy: specification.strategy,
        strategy_reason: specification.strategy_reason,
        sticky_sessions: run.sticky_sessions,
        live_number: claimed.live_number,
        routes: claimed.routes.clone(),
        drain_seconds: run.drain_seconds,
        stop_grace_seconds: run.stop_grace_seconds,
        settle_seconds: run.settle_seconds,
        limits: StageLimits {
            releasing: run.release_timeout_seconds,
            ..StageLimits::default()
        },
    }
}

/// What a stack has beside an app.
fn stack(claimed: &ClaimedDeployment) -> Option<StackJob> {
    let file = match &claimed.specification.origin {
        SpecifiedOrigin::Compose { text } => ComposeFile::Text { text: text.clone() },
        SpecifiedOrigin::Git {
            build: Build::Compose(compose),
            ..
        } => ComposeFile::Path {
            path: compose.path.clone(),
        },
        SpecifiedOrigin::Git { .. }
        | SpecifiedOrigin::Image { .. }
        | SpecifiedOrigin::Upload { .. }
        | SpecifiedOrigin::Existing { .. } => return None,
    };
    Some(StackJob {
        file,
        live: claimed.live_components.clone(),
        again: claimed.specification.again.clone(),
    })
}

fn origin(claimed: &ClaimedDeployment) -> Origin {
    match &claimed.specification.origin {
        SpecifiedOrigin::Git {
            url,
            branch,
            commit,
            submodules,
            build,
            clear_cache,
        } => Origin::Git {
            repository: Repository {
                url: url.clone(),
                credentials: credentials(&claimed.git_credentials),
                host_key: claimed.git_host_key.clone(),
            },
            branch: branch.clone(),
            commit: commit.clone(),
            submodules: *submodules,
            build: build.clone(),
            build_secrets: wire(&claimed.build_secrets),
            clear_cache: *clear_cache,
        },
        SpecifiedOrigin::Upload {
            archive,
            build,
            clear_cache,
        } => Origin::Upload {
            archive: archive.clone(),
            build: build.clone(),
            build_secrets: wire(&claimed.build_secrets),
            clear_cache: *clear_cache,
        },
        SpecifiedOrigin::Image { reference } => Origin::Image {
            reference: reference.clone(),
        },
        SpecifiedOrigin::Compose { .. } => Origin::Typed,
        SpecifiedOrigin::Existing { image, digest, .. } => Origin::Existing {
            image: image.clone(),
            digest: digest.clone(),
        },
    }
}

/// An account at a registry in the agent's words.
pub(crate) fn login(account: &RegistryAccount) -> RegistryLogin {
    RegistryLogin {
        host: account.host.clone(),
        username: account.username.clone(),
        password: account.password.clone().into(),
    }
}

/// Credentials of a repository in the agent's words.
pub(crate) fn credentials(credentials: &work::GitCredentials) -> GitCredentials {
    match credentials {
        work::GitCredentials::Anonymous => GitCredentials::Anonymous,
        work::GitCredentials::Token { username, token } => GitCredentials::Token {
            username: username.clone(),
            token: token.clone().into(),
        },
        work::GitCredentials::DeployKey { private_key } => GitCredentials::DeployKey {
            private_key: private_key.clone().into(),
        },
    }
}

fn wire(values: &BTreeMap<EnvKey, Secret>) -> BTreeMap<EnvKey, WireSecret> {
    values
        .iter()
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect()
}
