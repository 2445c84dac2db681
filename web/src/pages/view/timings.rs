//! Where the time of a deployment went, as bars.

use longshore_control::view::DeploymentView;
use longshore_domain::{DeploymentStatus, Stage, StageTimings};
use time::OffsetDateTime;

use super::status::stage_word;
use super::{When, when};

/// The bars of all stages that took time, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Timings {
    /// The bars.
    pub stages: Vec<Bar>,
}

/// A stage's bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The stage's stable name.
    pub id: &'static str,
    /// The stage's name for people.
    pub name: &'static str,
    /// Where it starts, in hundredths of the whole.
    pub start: String,
    /// How long it is, in hundredths of the whole.
    pub width: String,
    /// How long it took, in words.
    pub took: String,
    /// When it began, while it is under way; empty when it has ended.
    pub since: String,
}

/// A bar is never thinner, so that it can be seen; in tenths of a hundredth.
const THINNEST: i64 = 8;

impl Timings {
    /// The bars of a deployment's stages, of which one may be under way.
    pub fn of(deployment: &DeploymentView, now: OffsetDateTime) -> Self {
        let under_way = match deployment.status {
            DeploymentStatus::Queued => Some((None, deployment.queued_at)),
            status => Stage::from_name(status.as_str())
                .map(Some)
                .zip(deployment.stage_started_at),
        };
        Self::at(&deployment.timings, under_way, now)
    }

    /// The bars of stages that have ended.
    pub fn new(timings: &StageTimings) -> Self {
        Self::at(timings, None, OffsetDateTime::UNIX_EPOCH)
    }

    /// The bars as seen from `now`; without a stage, what is under way is the waiting.
    fn at(
        timings: &StageTimings,
        under_way: Option<(Option<Stage>, OffsetDateTime)>,
        now: OffsetDateTime,
    ) -> Self {
        let mut of_stages = *timings;
        let mut taken = vec![("queued", "Queued", timings.queued)];
        taken.extend(
            Stage::ALL.map(|stage| (stage.as_str(), stage_word(stage), *of_stages.slot(stage))),
        );
        let (running, since) = match under_way {
            Some((stage, since)) => (stage.map_or("queued", Stage::as_str), since),
            None => ("", now),
        };
        for (id, _, took) in &mut taken {
            if *id == running {
                // A stage may begin anew after an interruption: what it took before counts.
                let before = took.unwrap_or_default();
                let elapsed = (now - since).whole_milliseconds().max(0);
                *took = Some(before + i64::try_from(elapsed).unwrap_or(i64::MAX / 2));
            }
        }
        let whole: i64 = taken
            .iter()
            .filter_map(|(_, _, took)| *took)
            .sum::<i64>()
            .max(1);
        let mut before = 0;
        let mut stages = Vec::new();
        for (id, name, took) in taken {
            let Some(took) = took else { continue };
            let width = (took * 1000 / whole).max(THINNEST);
            let start = (before * 1000 / whole).min(1000 - width);
            stages.push(Bar {
                id,
                name,
                start: per_cent(start),
                width: per_cent(width),
                took: when::milliseconds(took),
                since: if id == running {
                    When::new(since, since).machine
                } else {
                    String::new()
                },
            });
            before += took;
        }
        Self { stages }
    }
}

fn per_cent(thousandths: i64) -> String {
    format!("{}.{}", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_each_other_and_fill_the_whole() {
        let timings = StageTimings {
            queued: Some(0),
            fetching: Some(1_000),
            building: Some(2_000),
            switching: Some(1_000),
            ..StageTimings::default()
        };
        let bars = Timings::new(&timings).stages;
        let shown: Vec<_> = bars
            .iter()
            .map(|bar| (bar.name, bar.start.as_str(), bar.width.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("Queued", "0.0", "0.8"),
                ("Fetching", "0.0", "25.0"),
                ("Building", "25.0", "50.0"),
                ("Switching", "75.0", "25.0"),
            ]
        );
    }

    #[test]
    fn the_stage_under_way_grows() {
        let timings = StageTimings {
            queued: Some(500),
            fetching: Some(500),
            ..StageTimings::default()
        };
        let began = OffsetDateTime::UNIX_EPOCH;
        let at = |seconds| {
            let now = began + time::Duration::seconds(seconds);
            Timings::at(&timings, Some((Some(Stage::Building), began)), now).stages
        };
        let building = |bars: &[Bar]| bars.last().cloned().unwrap();
        let (early, late) = (building(&at(1)), building(&at(9)));
        assert_eq!((early.id, early.width.as_str()), ("building", "50.0"));
        assert_eq!(late.width, "90.0");
        assert!(!late.since.is_empty() && at(9)[0].since.is_empty());
        let waiting = Timings::at(&StageTimings::default(), Some((None, began)), began);
        assert_eq!(waiting.stages[0].id, "queued");
    }
}
