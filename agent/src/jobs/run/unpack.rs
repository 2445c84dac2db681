//! Fetching when the source is an uploaded archive.

use longshore_domain::Stage;
use longshore_domain::source::Archive;

use super::{End, Run, Source, attempt, seconds};
use crate::upload;

impl Run {
    /// Unpacks the archive into the work tree, unless an earlier attempt has.
    pub(super) async fn unpack(&mut self, archive: &Archive) -> Result<(), End> {
        let stage = Stage::Fetching;
        let work_tree = self.jobs.paths.work_tree(self.spec.deployment);
        let has_image = self.done.has_finished(Stage::Building) && self.progress.image.is_some();
        if has_image || (self.done.has_finished(stage) && work_tree.exists()) {
            return Ok(());
        }
        let clock = self.begin(stage);
        let limit = seconds(self.spec.limits.fetching);
        let uploads = self.jobs.paths.uploads();
        let (from, into) = (uploads.as_path(), work_tree.as_path());
        let tree = attempt(&self.job, &self.sink, stage, limit, |context| async move {
            upload::unpack(&context, from, archive, into).await
        })
        .await?;
        self.progress.source = Some(Source { sha: None, tree });
        self.save_progress(stage).await?;
        self.end(clock, stage, false).await;
        Ok(())
    }
}
