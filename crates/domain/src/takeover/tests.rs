use proptest::prelude::{prop_oneof, proptest};
use proptest::strategy::Just;

use super::{SoleUse, StrategyReason, batches, choose, kept, parts, split};
use crate::Strategy;

#[test]
fn what_only_one_version_can_hold_counts_more_than_a_wish_and_that_more_than_the_usual() {
    let cases = [
        (None, None, Strategy::BlueGreen, StrategyReason::Usual),
        (
            None,
            Some(SoleUse::Volume),
            Strategy::Recreate,
            StrategyReason::SingleWriterVolume,
        ),
        (
            None,
            Some(SoleUse::HostPort),
            Strategy::Recreate,
            StrategyReason::HostPort,
        ),
        (
            Some(Strategy::Rolling),
            Some(SoleUse::Volume),
            Strategy::Recreate,
            StrategyReason::SingleWriterVolume,
        ),
        (
            Some(Strategy::Rolling),
            None,
            Strategy::Rolling,
            StrategyReason::Settings,
        ),
    ];
    for (wish, sole, strategy, reason) in cases {
        assert_eq!(choose(wish, sole), (strategy, reason), "{wish:?} {sole:?}");
    }
}

#[test]
fn parts_are_what_is_replaced_or_addressed_by_itself() {
    assert_eq!(parts(Strategy::BlueGreen, 10, false), [10]);
    assert_eq!(parts(Strategy::Rolling, 10, false), [3, 3, 2, 2]);
    assert_eq!(parts(Strategy::Rolling, 2, false), [1, 1]);
    assert_eq!(parts(Strategy::Recreate, 3, true), [1, 1, 1]);
    assert_eq!(parts(Strategy::Rolling, 1, true), [1]);
    assert_eq!(batches(Strategy::Rolling, 10), [3, 3, 2, 2]);
    assert_eq!(batches(Strategy::BlueGreen, 10), [10]);
    assert_eq!(batches(Strategy::Rolling, 1), [1]);
}

fn strategies() -> impl proptest::strategy::Strategy<Value = Strategy> {
    prop_oneof![
        Just(Strategy::BlueGreen),
        Just(Strategy::Rolling),
        Just(Strategy::Recreate)
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost_by_splitting(total in 0_u32..200, count in 1_u32..50) {
        let parts = split(total, count);
        assert_eq!(parts.iter().sum::<u32>(), total);
        assert_eq!(parts.len(), count as usize);
    }

    #[test]
    fn every_part_starts_once(
        (strategy, replicas, sticky) in (strategies(), 1_u32..=100, proptest::bool::ANY)
    ) {
        let parts = parts(strategy, replicas, sticky);
        assert_eq!(parts.iter().sum::<u32>(), replicas);
        assert!(parts.iter().all(|part| *part > 0));
        assert_eq!(batches(strategy, parts.len()).iter().sum::<usize>(), parts.len());
    }

    /// After every step of a rolling deployment enough containers serve, and while a step
    /// starts not many more than wanted run.
    #[test]
    fn a_rolling_deployment_never_has_too_few_nor_many_too_many(
        (replicas, sticky) in (2_u32..=100, proptest::bool::ANY)
    ) {
        let parts = parts(Strategy::Rolling, replicas, sticky);
        let step = replicas.div_ceil(4).max(1);
        let (mut old, mut new, mut next) = (parts.clone(), 0, 0);
        for batch in batches(Strategy::Rolling, parts.len()) {
            new += parts[next..next + batch].iter().sum::<u32>();
            next += batch;
            assert!(old.iter().sum::<u32>() + new <= replicas + 2 * step);
            old.truncate(kept(&old, new, replicas));
            assert!(old.iter().sum::<u32>() + new >= replicas);
        }
        assert!(old.is_empty());
    }
}
