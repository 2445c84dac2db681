//! Cloudflare Tunnels. A tunnel is an app like others, which is made from a name and a token.

use longshore_domain::source::{Build, Source};
use longshore_domain::tunnel::{self, TunnelToken};
use longshore_domain::{EnvironmentId, ImageRef, Secret, ServiceId, ServiceName};
use longshore_store::services::{GitReach, ServiceChange};

use crate::problems::Problems;
use crate::{Actor, Control, Result, ServiceView, TunnelDraft};

impl Control {
    /// Makes the app of a tunnel and asks for its first deployment.
    ///
    /// # Errors
    /// The problems of all fields, or that another service has the name.
    pub async fn create_tunnel(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
        draft: TunnelDraft,
    ) -> Result<ServiceView> {
        let (transaction, environment) = self.begin_in(actor, environment).await?;
        let (service, token) = parse(&draft)?;
        let id = ServiceId::generate();
        let team = environment.team();
        let mut transaction = self
            .insert_service(transaction, actor, &environment, id, "app", &service)
            .await?;
        let variables = [
            (tunnel::TOKEN_KEY, token.secret().clone(), true),
            (tunnel::METRICS_KEY, Secret::new(tunnel::METRICS), false),
        ];
        self.give_variables(&mut transaction, team, id, variables)
            .await?;
        self.deploy_first(&mut transaction, actor, team, id).await?;
        let view = crate::apps::load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }
}

fn parse(draft: &TunnelDraft) -> Result<(ServiceChange, TunnelToken)> {
    let mut problems = Problems::default();
    let name = problems.parse::<ServiceName>("name", &draft.name);
    let token = problems.parse::<TunnelToken>("token", draft.token.expose());
    let image = draft.image.as_deref().map(str::trim);
    let image = image.filter(|image| !image.is_empty());
    let reference = problems.parse::<ImageRef>("image", image.unwrap_or(tunnel::IMAGE));
    let (name, (token, reference)) = problems.finish(name.zip(token.zip(reference)))?;
    let service = ServiceChange {
        name,
        // It fetches its requests; nobody connects to it.
        port: None,
        source: Source::Image { reference },
        build: Build::default(),
        run: tunnel::run_settings(),
        git: GitReach::default(),
    };
    Ok((service, token))
}
