//! The log of a deployment.

use longshore_domain::{DeploymentId, Permission};
use longshore_store::deployments::DeploymentRecord;
use longshore_store::logs::{self, StoredLine};

use crate::access::Authorized;
use crate::{Actor, Control, LogLine, Result};

/// Lines that are handed out at once.
const MOST: usize = 10_000;

impl Control {
    /// The lines behind a sequence number; 0 for the first ones. At most 10,000.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn log_after(
        &self,
        actor: &Actor,
        id: DeploymentId,
        after_sequence: i64,
        limit: usize,
    ) -> Result<Vec<LogLine>> {
        let mut connection = self.connection().await?;
        let deployment =
            Authorized::<DeploymentRecord>::load(&mut connection, actor, id, Permission::View)
                .await?;
        let id = deployment.get().id;
        let lines = logs::list_after(&mut connection, id, after_sequence, limit.min(MOST)).await?;
        Ok(lines.into_iter().map(view).collect())
    }

    /// The last lines, in their order. At most 10,000.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn log_tail(
        &self,
        actor: &Actor,
        id: DeploymentId,
        lines: usize,
    ) -> Result<Vec<LogLine>> {
        let mut connection = self.connection().await?;
        let deployment =
            Authorized::<DeploymentRecord>::load(&mut connection, actor, id, Permission::View)
                .await?;
        let id = deployment.get().id;
        let lines = logs::list_tail(&mut connection, id, lines.min(MOST)).await?;
        Ok(lines.into_iter().map(view).collect())
    }
}

fn view(line: StoredLine) -> LogLine {
    LogLine {
        sequence: line.sequence,
        at: line.at,
        stream: line.stream.as_str(),
        text: line.text,
    }
}
