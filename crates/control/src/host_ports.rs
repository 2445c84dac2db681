//! Ports of the machine belong to one service.

use longshore_domain::run::RunSettings;
use longshore_domain::{ServiceId, TeamId};
use longshore_store::{PgConnection, host_ports};

use crate::problems::Problems;
use crate::{Control, Result};

impl Control {
    /// Refuses ports that another service, the proxy or the dashboard has. The settings must be stored in the
    /// same transaction.
    pub(crate) async fn check_host_ports(
        &self,
        connection: &mut PgConnection,
        (team, service): (TeamId, ServiceId),
        run: &RunSettings,
        field: &str,
    ) -> Result<()> {
        let mut problems = Problems::default();
        let mut ports: Vec<u16> = run.host_ports.iter().map(|port| port.port.get()).collect();
        // In one order, so that two transactions do not wait for each other.
        ports.sort_unstable();
        for port in ports {
            host_ports::lock(connection, port).await?;
            let holder = host_ports::find_holder(connection, service, port).await?;
            if [self.ports.http, self.ports.https].contains(&port) {
                problems.add(field, format!("must not be {port}, which the proxy needs"));
            } else if port == self.settings.listen.port() {
                problems.add(
                    field,
                    format!("must not be {port}, which the dashboard needs"),
                );
            } else if let Some(holder) = holder {
                let who = if holder.team == team {
                    format!("the service {}", holder.service_name)
                } else {
                    "another service".to_owned()
                };
                problems.add(field, format!("must not be {port}, which {who} has"));
            }
        }
        problems.finish(Some(()))
    }
}
