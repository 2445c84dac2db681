//! Trying a health check, also one that is not saved, on the live version.

use longshore_domain::health::HealthCheck;
use longshore_domain::run::RunSettings;
use longshore_domain::specification::run_problems;
use longshore_domain::{Permission, ServiceId};
use longshore_store::deployments;
use longshore_store::services::ServiceRecord;

use crate::access::Authorized;
use crate::problems::Problems;
use crate::{Actor, Control, ControlError, HealthTrial, Result};

impl Control {
    /// What is to be asked of the live version: this check, or else the saved one, on this
    /// port, or else the saved one. Whoever called hands it to the agent.
    ///
    /// # Errors
    /// The problems of the check's fields; [`ControlError::Refused`] when nothing is live.
    pub async fn plan_health_trial(
        &self,
        actor: &Actor,
        id: ServiceId,
        health: Option<HealthCheck>,
        port: Option<i64>,
    ) -> Result<HealthTrial> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, id, Permission::Deploy)
                .await?;
        let mut problems = Problems::default();
        let port = match port {
            Some(_) => problems.port("port", port).flatten(),
            None => service.get().port,
        };
        let health = health.unwrap_or_else(|| service.get().run.health.clone());
        let run = RunSettings {
            health: health.clone(),
            ..RunSettings::default()
        };
        problems.extend(run_problems(&run, port));
        problems.finish(Some(()))?;
        let live = deployments::list_live(&mut connection, &[id]).await?;
        let live_number = live.first().map(|live| live.number).ok_or_else(|| {
            ControlError::refused("No version is live that could be tested. Deploy it first.")
        })?;
        if service.get().stopped {
            return Err(ControlError::refused(
                "The service is stopped. Start it before the test.",
            ));
        }
        Ok(HealthTrial {
            service: id,
            live_number,
            health,
            port,
        })
    }
}
