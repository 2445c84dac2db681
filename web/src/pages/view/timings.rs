//! Where the time of a deployment went, as bars.

use longshore_domain::{Stage, StageTimings};

use super::status::stage_word;
use super::when;

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
}

/// A bar is never thinner, so that it can be seen; in tenths of a hundredth.
const THINNEST: i64 = 8;

impl Timings {
    /// The bars of a deployment's stages.
    pub fn new(timings: &StageTimings) -> Self {
        let mut of_stages = *timings;
        let mut taken = vec![("queued", "Queued", timings.queued)];
        taken.extend(
            Stage::ALL.map(|stage| (stage.as_str(), stage_word(stage), *of_stages.slot(stage))),
        );
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
}
