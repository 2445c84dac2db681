//! A small installation: a team with one person of each role, and a stranger's team.

use std::collections::BTreeMap;

use longshore_control::store::{PgPool, teams, users};
use longshore_control::view::{DeploymentView, ServiceView};
use longshore_control::*;
use longshore_domain::{Role, ServiceId, TeamId, UserId};
use time::macros::datetime;
use uuid::Uuid;

pub const LEASE: std::time::Duration = std::time::Duration::from_mins(1);

pub struct World {
    pub control: Control,
    pub pool: PgPool,
    pub clock: Clock,
    pub owner: Actor,
    pub developer: Actor,
    pub viewer: Actor,
    pub stranger: Actor,
    pub files: tempfile::TempDir,
}

pub fn keyring(byte: u8) -> Keyring {
    Keyring::from_hex(&hex(byte)).unwrap()
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

pub fn settings(files: &tempfile::TempDir) -> ControlSettings {
    ControlSettings {
        listen: "0.0.0.0:3000".parse().unwrap(),
        public_url: Some("https://panel.example.com/".parse().unwrap()),
        setup_token_file: files.path().join("setup-token"),
        instance: "test".to_owned(),
        bind_paths: longshore_domain::AllowedBinds::new(["/srv/allowed".into()]),
        addresses: vec!["203.0.113.7".parse().unwrap()],
        trusts_cloudflare: false,
    }
}

/// Without anybody in it.
pub fn empty(pool: &PgPool) -> (Control, tempfile::TempDir) {
    let files = tempfile::tempdir().unwrap();
    let control = Control::new(pool.clone(), keyring(1), settings(&files));
    (control, files)
}

impl World {
    pub async fn new(pool: PgPool) -> Self {
        let clock = Clock::fixed(datetime!(2026-01-02 03:04:05 UTC));
        let (control, files) = empty(&pool);
        let team = TeamId::generate();
        let other = TeamId::generate();
        let mut connection = pool.acquire().await.unwrap();
        teams::insert(&mut connection, team, "Team").await.unwrap();
        teams::insert(&mut connection, other, "Other")
            .await
            .unwrap();
        drop(connection);
        Self {
            control: control.with_clock(clock.clone()),
            clock,
            owner: actor(&pool, "owner", team, Role::Owner).await,
            developer: actor(&pool, "developer", team, Role::Developer).await,
            viewer: actor(&pool, "viewer", team, Role::Viewer).await,
            stranger: actor(&pool, "stranger", other, Role::Owner).await,
            pool,
            files,
        }
    }

    pub async fn project(&self, name: &str) -> ProjectView {
        let draft = ProjectDraft {
            name: name.to_owned(),
        };
        self.control
            .create_project(&self.owner, draft)
            .await
            .unwrap()
    }

    /// An app from a repository, with a port, in a project of its own.
    pub async fn app(&self, name: &str) -> ServiceView {
        let project = self.project(&format!("Project of {name}")).await;
        let environment = project.environments[0].id;
        self.control
            .create_app(&self.owner, environment, git_app(name))
            .await
            .unwrap()
    }

    pub async fn deploy(&self, service: ServiceId) -> DeploymentView {
        self.control
            .request_deployment(&self.owner, service, DeploymentDraft::default())
            .await
            .unwrap()
    }

    /// Deploys and works until it is live.
    pub async fn deploy_live(&self, service: ServiceId) -> DeploymentView {
        let deployment = self.deploy(service).await;
        self.work_until_live().await;
        self.control
            .show_deployment(&self.owner, deployment.id)
            .await
            .unwrap()
    }

    /// Takes the next deployment and ends it as live.
    pub async fn work_until_live(&self) -> work::ClaimedDeployment {
        let worker = Uuid::now_v7();
        let claimed = self.control.claim(worker, LEASE).await.unwrap().unwrap();
        let outcome = work::Outcome::Live {
            image: format!("{}:{}", claimed.service_name, claimed.number),
            digest: format!("sha256:{:064}", claimed.number),
        };
        self.control
            .finish(claimed.id, worker, outcome)
            .await
            .unwrap();
        claimed
    }

    pub async fn set(&self, scope: VariableScope, key: &str, value: &str, secret: bool) {
        let draft = VariableDraft {
            value: Some(value.to_owned()),
            secret,
        };
        self.control
            .merge_variables(
                &self.owner,
                scope,
                BTreeMap::from([(key.to_owned(), draft)]),
            )
            .await
            .unwrap();
    }
}

async fn actor(pool: &PgPool, name: &str, team: TeamId, role: Role) -> Actor {
    let user = users::UserRecord {
        id: UserId::generate(),
        email: format!("{name}@example.com").parse().unwrap(),
        name: name.parse().unwrap(),
        password_hash: "none".to_owned(),
        administrator: false,
    };
    let mut connection = pool.acquire().await.unwrap();
    users::insert(&mut connection, &user).await.unwrap();
    teams::insert_member(&mut connection, team, user.id, role)
        .await
        .unwrap();
    Actor {
        user: user.id,
        email: user.email,
        name: user.name,
        administrator: false,
        team,
        role,
        via: Via::Session,
    }
}

pub fn git_app(name: &str) -> AppDraft {
    AppDraft {
        name: name.to_owned(),
        source: git(
            "https://git.example.com/team/app.git",
            GitAccessDraft::Anonymous,
        ),
        build: None,
        port: Some(8080),
        run: None,
    }
}

pub fn git(url: &str, access: GitAccessDraft) -> SourceDraft {
    SourceDraft::Git {
        url: url.to_owned(),
        branch: "main".to_owned(),
        submodules: false,
        watch_paths: Vec::new(),
        access,
    }
}

/// The fields that an error names.
pub fn fields<T: std::fmt::Debug>(result: Result<T>) -> Vec<String> {
    match result.unwrap_err() {
        ControlError::Invalid(problems) => {
            problems.into_iter().map(|problem| problem.field).collect()
        }
        ControlError::Conflict(problem) => vec![format!("conflict:{}", problem.field)],
        other => panic!("neither invalid nor a conflict: {other:?}"),
    }
}
