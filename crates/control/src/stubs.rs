//! Signatures whose bodies follow within minutes.
#![expect(unused_variables, reason = "bodies follow")]
#![expect(clippy::unused_async, reason = "bodies follow")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use longshore_domain::{
    ApiTokenId, DeploymentId, DomainId, EnvironmentId, HookId, ProjectId, Secret, ServiceId, UserId,
};

use crate::*;

fn soon<T>() -> Result<T> {
    Err(ControlError::Unavailable("not ready".to_owned()))
}

#[expect(missing_docs, reason = "bodies follow")]
impl Control {
    pub async fn needs_setup(&self) -> Result<bool> {
        soon()
    }
    pub async fn set_up(&self, draft: SetupDraft) -> Result<UserId> {
        soon()
    }
    pub async fn sign_in(&self, draft: SignInDraft, peer: IpAddr) -> Result<UserId> {
        soon()
    }
    pub async fn actor_for_user(&self, user: UserId) -> Result<Actor> {
        soon()
    }
    pub async fn actor_for_token(&self, token: &str) -> Result<Actor> {
        soon()
    }
    pub async fn change_password(
        &self,
        actor: &Actor,
        draft: PasswordDraft,
        current_session: Option<&[u8]>,
    ) -> Result<()> {
        soon()
    }
    pub async fn list_sessions(
        &self,
        actor: &Actor,
        current: Option<&[u8]>,
    ) -> Result<Vec<SessionView>> {
        soon()
    }
    pub async fn end_session(&self, actor: &Actor, id_hash: &str) -> Result<()> {
        soon()
    }
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<()> {
        soon()
    }
    pub async fn create_token(&self, actor: &Actor, draft: TokenDraft) -> Result<NewToken> {
        soon()
    }
    pub async fn list_tokens(&self, actor: &Actor) -> Result<Vec<TokenView>> {
        soon()
    }
    pub async fn revoke_token(&self, actor: &Actor, id: ApiTokenId) -> Result<()> {
        soon()
    }
    pub async fn create_user(&self, draft: UserDraft) -> Result<CreatedUser> {
        soon()
    }
    pub async fn create_token_for(&self, email: &str, name: &str) -> Result<Secret> {
        soon()
    }

    pub async fn list_projects(&self, actor: &Actor) -> Result<Vec<ProjectSummary>> {
        soon()
    }
    pub async fn show_project(&self, actor: &Actor, id: ProjectId) -> Result<ProjectView> {
        soon()
    }
    pub async fn create_project(&self, actor: &Actor, draft: ProjectDraft) -> Result<ProjectView> {
        soon()
    }
    pub async fn rename_project(
        &self,
        actor: &Actor,
        id: ProjectId,
        draft: ProjectDraft,
    ) -> Result<ProjectView> {
        soon()
    }
    pub async fn delete_project(
        &self,
        actor: &Actor,
        id: ProjectId,
        confirmation: &str,
    ) -> Result<()> {
        soon()
    }
    pub async fn create_environment(
        &self,
        actor: &Actor,
        project: ProjectId,
        draft: EnvironmentDraft,
    ) -> Result<EnvironmentView> {
        soon()
    }
    pub async fn show_environment(
        &self,
        actor: &Actor,
        id: EnvironmentId,
    ) -> Result<EnvironmentView> {
        soon()
    }
    pub async fn delete_environment(
        &self,
        actor: &Actor,
        id: EnvironmentId,
        confirmation: &str,
    ) -> Result<()> {
        soon()
    }

    pub async fn create_app(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
        draft: AppDraft,
    ) -> Result<ServiceView> {
        soon()
    }
    pub async fn show_service(&self, actor: &Actor, id: ServiceId) -> Result<ServiceView> {
        soon()
    }
    pub async fn list_services(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
    ) -> Result<Vec<ServiceSummary>> {
        soon()
    }
    pub async fn update_app(
        &self,
        actor: &Actor,
        id: ServiceId,
        patch: AppPatch,
    ) -> Result<ServiceView> {
        soon()
    }
    pub async fn delete_service(
        &self,
        actor: &Actor,
        id: ServiceId,
        confirmation: &str,
    ) -> Result<()> {
        soon()
    }
    pub async fn set_stopped(
        &self,
        actor: &Actor,
        id: ServiceId,
        stopped: bool,
    ) -> Result<ServiceView> {
        soon()
    }
    pub async fn restart(&self, actor: &Actor, id: ServiceId) -> Result<()> {
        soon()
    }

    pub async fn list_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
    ) -> Result<Vec<VariableView>> {
        soon()
    }
    pub async fn replace_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
        drafts: BTreeMap<String, VariableDraft>,
    ) -> Result<Vec<VariableView>> {
        soon()
    }
    pub async fn merge_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
        drafts: BTreeMap<String, VariableDraft>,
    ) -> Result<Vec<VariableView>> {
        soon()
    }
    pub async fn remove_variable(
        &self,
        actor: &Actor,
        scope: VariableScope,
        key: &str,
    ) -> Result<()> {
        soon()
    }

    pub async fn add_domain(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: DomainDraft,
    ) -> Result<DomainView> {
        soon()
    }
    pub async fn list_domains(&self, actor: &Actor, service: ServiceId) -> Result<Vec<DomainView>> {
        soon()
    }
    pub async fn remove_domain(&self, actor: &Actor, id: DomainId) -> Result<()> {
        soon()
    }

    pub async fn request_deployment(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: DeploymentDraft,
    ) -> Result<DeploymentView> {
        soon()
    }
    pub async fn cancel_deployment(
        &self,
        actor: &Actor,
        id: DeploymentId,
    ) -> Result<DeploymentView> {
        soon()
    }
    pub async fn roll_back(
        &self,
        actor: &Actor,
        service: ServiceId,
        to: DeploymentId,
        variables: VariablesOf,
    ) -> Result<DeploymentView> {
        soon()
    }
    pub async fn show_deployment(&self, actor: &Actor, id: DeploymentId) -> Result<DeploymentView> {
        soon()
    }
    pub async fn list_deployments(
        &self,
        actor: &Actor,
        service: ServiceId,
        cursor: Cursor,
    ) -> Result<Page<DeploymentView>> {
        soon()
    }
    pub async fn await_end(
        &self,
        actor: &Actor,
        id: DeploymentId,
        limit: Duration,
    ) -> Result<DeploymentView> {
        soon()
    }
    pub async fn log_after(
        &self,
        actor: &Actor,
        id: DeploymentId,
        after_sequence: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>> {
        soon()
    }
    pub async fn log_tail(
        &self,
        actor: &Actor,
        id: DeploymentId,
        lines: usize,
    ) -> Result<Vec<LogLine>> {
        soon()
    }
    /// News of a deployment the actor was shown.
    pub fn follow(&self, id: DeploymentId) -> Subscription {
        self.hub.deployment(id)
    }
    /// News of a service the actor was shown.
    pub fn follow_service(&self, id: ServiceId) -> Subscription {
        self.hub.service(id)
    }

    pub async fn make_hook(&self, actor: &Actor, service: ServiceId) -> Result<NewHook> {
        soon()
    }
    pub async fn show_hook(&self, actor: &Actor, service: ServiceId) -> Result<Option<HookView>> {
        soon()
    }
    pub async fn list_deliveries(
        &self,
        actor: &Actor,
        service: ServiceId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        soon()
    }
    pub async fn receive_push(
        &self,
        hook: HookId,
        provider: Provider,
        headers: &HookHeaders,
        body: &[u8],
    ) -> std::result::Result<HookAnswer, HookError> {
        Err(HookError::UnknownHook)
    }
}

use crate::work::{ClaimedDeployment, DesiredState, Heartbeat, Outcome, RecordedEvent, WorkError};
use uuid::Uuid;
type Work<T> = std::result::Result<T, WorkError>;

impl Control {
    /// Leases the next deployment: one with an expired lease, else the oldest that waits
    /// and whose service has none running.
    pub async fn claim(&self, worker: Uuid, lease: Duration) -> Result<Option<ClaimedDeployment>> {
        soon()
    }
    /// Extends a lease.
    pub async fn heartbeat(
        &self,
        id: DeploymentId,
        worker: Uuid,
        lease: Duration,
    ) -> Work<Heartbeat> {
        Err(WorkError::LostLease)
    }
    /// Stores events; those stored before are passed over.
    pub async fn record_events(
        &self,
        id: DeploymentId,
        worker: Uuid,
        events: Vec<RecordedEvent>,
    ) -> Work<()> {
        Err(WorkError::LostLease)
    }
    /// Ends a deployment.
    pub async fn finish(&self, id: DeploymentId, worker: Uuid, outcome: Outcome) -> Work<()> {
        Err(WorkError::LostLease)
    }
    /// Gives a lease back, so that another worker (or this one after a restart) takes it up at once.
    pub async fn release(&self, id: DeploymentId, worker: Uuid) -> Result<()> {
        soon()
    }
    /// How long until a lease may expire; none when nothing runs or waits.
    pub async fn next_due(&self) -> Result<Option<Duration>> {
        soon()
    }
    /// What shall exist on the machine.
    pub async fn desired_state(&self) -> Result<DesiredState> {
        soon()
    }
    /// Services whose removal a person asked for.
    pub async fn services_removing(&self) -> Result<Vec<ServiceId>> {
        soon()
    }
    /// Forgets a service that the agent has cleaned up.
    pub async fn drop_removed_service(&self, id: ServiceId) -> Result<()> {
        soon()
    }
    /// Notes that the agent has replaced the containers as asked at that time.
    pub async fn restart_done(
        &self,
        id: ServiceId,
        requested_at: time::OffsetDateTime,
    ) -> Result<()> {
        soon()
    }
    /// Removes ended sessions and other leftovers.
    pub async fn tidy(&self) -> Result<()> {
        soon()
    }
    /// News of the queue, for workers.
    pub fn follow_queue(&self) -> Subscription {
        self.hub.queue()
    }
    /// News of what shall run on the machine, for reconcilers.
    pub fn follow_machine(&self) -> Subscription {
        self.hub.machine()
    }
    /// The live deployment's number of a service, and whether the actor may see it: for container logs.
    pub async fn live_number(&self, actor: &Actor, id: ServiceId) -> Result<Option<i32>> {
        soon()
    }
    /// The repository of a service with credentials in the clear, for a check by the agent.
    pub async fn repository_access(&self, id: ServiceId) -> Result<Option<work::RepositoryAccess>> {
        soon()
    }
}
