//! How a new version takes over: which strategy and why, and in which steps.

use serde::{Deserialize, Serialize};

use crate::Strategy;

/// The most steps in which a rolling deployment replaces the old version. It bounds how
/// long one takes and, with it, that a quarter of the containers runs twice.
const MOST_STEPS: u32 = 4;

/// Why a deployment takes over as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum StrategyReason {
    /// Nothing asks for another way.
    #[default]
    Usual,
    /// The service's settings name it.
    Settings,
    /// A volume takes one writer at a time.
    SingleWriterVolume,
    /// A port of the machine can be held once.
    HostPort,
    /// Each component of a stack takes over in its own way.
    Components,
}

impl StrategyReason {
    /// The reason as an end of a sentence that begins with the strategy.
    pub fn as_words(self) -> &'static str {
        match self {
            Self::Usual => "nothing asks for another way",
            Self::Settings => "the service's settings say so",
            Self::SingleWriterVolume => "its volume takes one writer at a time",
            Self::HostPort => "its port of the machine can be held only once",
            Self::Components => "each component in its own way",
        }
    }
}

/// What two versions cannot hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoleUse {
    /// A volume with a single writer.
    Volume,
    /// A port of the machine.
    HostPort,
}

/// The strategy of a deployment and why: what the service holds, for data that two versions
/// write is lost, or the settings' wish, or the usual one.
pub fn choose(wish: Option<Strategy>, sole: Option<SoleUse>) -> (Strategy, StrategyReason) {
    match (wish, sole) {
        (_, Some(SoleUse::Volume)) => (Strategy::Recreate, StrategyReason::SingleWriterVolume),
        (_, Some(SoleUse::HostPort)) => (Strategy::Recreate, StrategyReason::HostPort),
        (Some(strategy), None) => (strategy, StrategyReason::Settings),
        (None, None) => (Strategy::default(), StrategyReason::Usual),
    }
}

/// The sizes of the parts that a version runs in. Each part has a name of its own by which
/// requests find it: what is replaced, or kept apart, by itself is a part.
pub fn parts(strategy: Strategy, replicas: u32, sticky: bool) -> Vec<u32> {
    let count = match (strategy, sticky) {
        _ if replicas < 2 => 1,
        // A visitor's cookie names a part, so it leads to one container.
        (_, true) => replicas,
        (Strategy::Rolling, false) => replicas.min(MOST_STEPS),
        (Strategy::BlueGreen | Strategy::Recreate, false) => 1,
    };
    split(replicas, count)
}

/// The numbers of parts that start together, in order.
pub fn batches(strategy: Strategy, parts: usize) -> Vec<usize> {
    let total = u32::try_from(parts).unwrap_or(u32::MAX);
    let count = match strategy {
        Strategy::Rolling => total.min(MOST_STEPS),
        Strategy::BlueGreen | Strategy::Recreate => 1,
    };
    split(total, count)
        .into_iter()
        .map(|size| size as usize)
        .collect()
}

/// Divides containers among parts as evenly as can be, the larger ones first.
pub fn split(total: u32, parts: u32) -> Vec<u32> {
    let parts = parts.max(1);
    let (each, rest) = (total / parts, total % parts);
    (0..parts)
        .map(|part| each + u32::from(part < rest))
        .collect()
}

/// How many of the old version's parts, whose sizes are given, must stay beside a number
/// of new containers so that there are never fewer than wanted. The first ones stay.
pub fn kept(old: &[u32], new: u32, wanted: u32) -> usize {
    let mut missing = wanted.saturating_sub(new);
    let mut count = 0;
    for size in old {
        if missing == 0 {
            break;
        }
        missing = missing.saturating_sub(*size);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests;
