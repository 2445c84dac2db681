//! Something of each kind, for requests to be about.

use longshore_control::work::{ClaimedDeployment, LogStream, Outcome, RecordedEvent, RecordedKind};
use longshore_control::{
    AppDraft, DeploymentDraft, DomainDraft, GitAccessDraft, JobDraft, ProjectDraft, RegistryDraft,
    SourceDraft, TokenDraft,
};
use longshore_domain::{
    ApiTokenId, CertificateId, DeploymentId, DnsProviderId, DomainId, EnvironmentId, JobId,
    ProjectId, RegistryId, ServiceId, Stage,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::world::{Person, World};

const LEASE: std::time::Duration = std::time::Duration::from_mins(1);

/// A project with an app that was deployed twice, with a third deployment waiting.
pub struct Things {
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub service: ServiceId,
    pub service_name: String,
    pub project_name: String,
    pub retired: DeploymentId,
    pub live: DeploymentId,
    pub waiting: DeploymentId,
    pub domain: DomainId,
    pub hook: String,
    pub hook_secret: String,
    pub token: ApiTokenId,
    /// A job that waits.
    pub job: JobId,
    pub registry: RegistryId,
    pub certificate: CertificateId,
    pub dns_provider: DnsProviderId,
    /// A service of that name that is gone and left its data.
    pub kept: ServiceId,
}

impl Things {
    /// Made by their owner; `mark` tells them from others.
    pub async fn new(world: &World, owner: &Person, mark: usize) -> Self {
        let (control, actor) = (&world.control, &owner.actor);
        let draft = ProjectDraft {
            name: format!("Project {mark}"),
        };
        let project = control.create_project(actor, draft).await.unwrap();
        let environment = project.environments[0].id;
        let app = AppDraft {
            name: format!("app-{mark}"),
            source: SourceDraft::Git {
                url: "https://git.example.com/team/app.git".to_owned(),
                branch: "main".to_owned(),
                submodules: false,
                watch_paths: Vec::new(),
                access: GitAccessDraft::Anonymous,
            },
            build: None,
            port: Some(8080),
            run: None,
        };
        let service = control.create_app(actor, environment, app).await.unwrap();
        let domain = DomainDraft {
            host: format!("app-{mark}.example.com"),
            tls: "none".to_owned(),
            ..DomainDraft::default()
        };
        let domain = control.add_domain(actor, service.id, domain).await.unwrap();
        let retired = world.deploy(actor, service.id).await;
        world.work().await;
        let live = world.deploy(actor, service.id).await;
        world.work().await;
        let waiting = world.deploy(actor, service.id).await;
        let hook = control.make_hook(actor, service.id).await.unwrap();
        let draft = TokenDraft {
            name: format!("token {mark}"),
        };
        let token = control.create_token(actor, draft).await.unwrap();
        let draft = JobDraft {
            command: vec!["true".to_owned()],
            timeout_seconds: 60,
        };
        let job = control.request_job(actor, service.id, draft).await.unwrap();
        let draft = RegistryDraft {
            name: format!("registry {mark}"),
            host: format!("r{mark}.example.com"),
            username: "ann".to_owned(),
            password: Some("secret".to_owned()),
        };
        let plan = control.plan_registry(actor, None, &draft).await.unwrap();
        let registry = control.save_registry(actor, plan).await.unwrap();
        let (certificate, dns_provider) = (CertificateId::generate(), DnsProviderId::generate());
        sqlx::query(
            "INSERT INTO certificates (id, team_id, name, chain, private_key, hosts, issuer,
                                       fingerprint, not_before, not_after)
             VALUES ($1, $2, $3, '', '', '{example.com}', 'Trust', '00', now(), now())",
        )
        .bind(certificate.0)
        .bind(actor.team.0)
        .bind(format!("own {mark}"))
        .execute(&world.pool)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO dns_providers (id, team_id, name, settings, secret)
             VALUES ($1, $2, $3, '{\"kind\": \"cloudflare\"}', '')",
        )
        .bind(dns_provider.0)
        .bind(actor.team.0)
        .bind(format!("own {mark}"))
        .execute(&world.pool)
        .await
        .unwrap();
        let kept = ServiceId::generate();
        sqlx::query(
            "INSERT INTO kept_data
                 (service_id, team_id, project_name, environment_name, service_name)
             VALUES ($1, $2, 'Gone', 'production', $3)",
        )
        .bind(kept.0)
        .bind(actor.team.0)
        .bind(&service.name)
        .execute(&world.pool)
        .await
        .unwrap();
        Self {
            project: project.id,
            environment,
            service: service.id,
            service_name: service.name,
            project_name: project.name,
            retired,
            live,
            waiting,
            domain: domain.id,
            job: job.id,
            kept,
            hook: hook.view.url,
            hook_secret: hook.secret.expose().to_owned(),
            token: token.view.id,
            registry: registry.id,
            certificate,
            dns_provider,
        }
    }
}

impl World {
    pub async fn deploy(
        &self,
        actor: &longshore_control::Actor,
        service: ServiceId,
    ) -> DeploymentId {
        self.control
            .request_deployment(actor, service, DeploymentDraft::default())
            .await
            .unwrap()
            .id
    }

    /// Takes the next deployment.
    pub async fn claim(&self, worker: Uuid) -> ClaimedDeployment {
        self.control.claim(worker, LEASE).await.unwrap().unwrap()
    }

    /// Works on the next deployment until it is live, with a line of log.
    pub async fn work(&self) {
        let worker = Uuid::now_v7();
        let claimed = self.claim(worker).await;
        self.log(claimed.id, worker, 2, &["first line", "second line"])
            .await;
        let outcome = Outcome::Live {
            image: format!("{}:{}", claimed.service_name, claimed.number),
            digest: format!("sha256:{:064}", claimed.number),
        };
        self.control
            .finish(claimed.id, worker, outcome)
            .await
            .unwrap();
    }

    /// Records lines, the first with this sequence number.
    pub async fn log(&self, id: DeploymentId, worker: Uuid, first: i64, lines: &[&str]) {
        let at = OffsetDateTime::now_utc();
        let mut events: Vec<RecordedEvent> = (first..)
            .zip(lines)
            .map(|(sequence, text)| RecordedEvent {
                sequence,
                at,
                kind: RecordedKind::Line {
                    stream: LogStream::Stdout,
                    text: (*text).to_owned(),
                },
            })
            .collect();
        if first == 2 {
            let kind = RecordedKind::StageStarted {
                stage: Stage::Fetching,
            };
            let event = RecordedEvent {
                sequence: 1,
                at,
                kind,
            };
            events.insert(0, event);
        }
        self.control
            .record_events(id, worker, events)
            .await
            .unwrap();
    }
}

impl World {
    /// Removes every project of the team, and what waits.
    pub async fn clear(&self, owner: &Person) {
        let projects = self.control.list_projects(&owner.actor).await.unwrap();
        for project in projects {
            self.control
                .delete_project(&owner.actor, project.id, &project.name)
                .await
                .unwrap();
        }
    }
}
