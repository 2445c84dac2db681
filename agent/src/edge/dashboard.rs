//! The way to the dashboard on its own domain.

use std::net::SocketAddr;

use longshore_agent_api::{AgentProblem, DashboardRoute};

use super::Edge;
use super::dynamic::{File, dashboard_file};
use super::files::dashboard_name;

impl Edge {
    /// Makes the way to the dashboard what it shall be, and waits until the proxy has taken
    /// it; tells whether it was not.
    ///
    /// # Errors
    /// When the proxy does not take the change, or Docker does not say how the proxy reaches
    /// its machine.
    pub async fn repair_dashboard(
        &self,
        wanted: Option<&DashboardRoute>,
    ) -> Result<bool, AgentProblem> {
        let name = dashboard_name();
        let current = self.files.read(name).await?;
        let Some(route) = wanted else {
            self.take_away(name).await?;
            return Ok(current.is_some());
        };
        let file = self.file_of_dashboard(route).await?;
        if current.as_ref() == Some(&file.text) {
            return Ok(false);
        }
        self.change(name, &file).await?;
        Ok(true)
    }

    async fn file_of_dashboard(&self, route: &DashboardRoute) -> Result<File, AgentProblem> {
        let port = route.listen.port();
        let to = if route.listen.ip().is_unspecified() {
            SocketAddr::new(self.gateway().await?, port)
        } else {
            route.listen
        };
        let secret = self.files.secret().await?;
        let https_port = self.config.proxy_https_port;
        Ok(dashboard_file(route, to, &secret, https_port))
    }
}
