use proptest::prelude::*;

use super::*;
use crate::FailureKind;

fn failure() -> Failure {
    Failure::new(Some(Stage::Building), FailureKind::Timeout, "took too long")
}

#[test]
fn the_straight_way_ends_live_and_then_retired() {
    let mut state = DeploymentState::Queued;
    for stage in Stage::ALL {
        state = state.enter(stage).unwrap();
    }
    assert_eq!(
        state.go_live().unwrap().retire(),
        Ok(DeploymentState::Retired)
    );
}

#[test]
fn an_image_skips_fetching_but_nothing_goes_back() {
    let starting = DeploymentState::Queued.enter(Stage::Starting).unwrap();
    assert!(starting.clone().enter(Stage::Starting).is_ok());
    let refused = starting.enter(Stage::Fetching).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a deployment that is starting cannot become fetching"
    );
}

#[test]
fn only_switching_becomes_live_and_only_queued_is_superseded() {
    for stage in Stage::ALL {
        let running = DeploymentState::Running(stage);
        assert_eq!(running.clone().go_live().is_ok(), stage == Stage::Switching);
        assert!(running.supersede(3).is_err());
    }
    assert_eq!(
        DeploymentState::Queued.supersede(3),
        Ok(DeploymentState::Superseded { by: 3 })
    );
}

#[derive(Debug, Clone)]
enum Step {
    Enter(Stage),
    GoLive,
    Fail,
    Cancel,
    Supersede,
    Retire,
    BreakDown,
}

fn step() -> impl PropStrategy<Value = Step> {
    prop_oneof![
        (0..6usize).prop_map(|index| Step::Enter(Stage::ALL[index])),
        Just(Step::GoLive),
        Just(Step::Fail),
        Just(Step::Cancel),
        Just(Step::Supersede),
        Just(Step::Retire),
        Just(Step::BreakDown),
    ]
}

use proptest::strategy::Strategy as PropStrategy;

proptest! {
    #[test]
    fn an_ended_deployment_never_runs_again(steps in proptest::collection::vec(step(), 0..40)) {
        let mut state = DeploymentState::Queued;
        for step in steps {
            let before = state.clone();
            let next = match step {
                Step::Enter(stage) => state.clone().enter(stage),
                Step::GoLive => state.clone().go_live(),
                Step::Fail => state.clone().fail(failure()),
                Step::Cancel => state.clone().cancel(),
                Step::Supersede => state.clone().supersede(2),
                Step::Retire => state.clone().retire(),
                Step::BreakDown => state.clone().break_down(failure()),
            };
            if let Ok(next) = next {
                prop_assert!(
                    !before.has_ended()
                        || (before == DeploymentState::Live
                            && matches!(next.as_str(), "retired" | "failed"))
                );
                if let (DeploymentState::Running(a), DeploymentState::Running(b)) = (&before, &next) {
                    prop_assert!(b >= a);
                }
                state = next;
            }
        }
    }
}
