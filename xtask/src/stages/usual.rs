//! What stages usually take, on two cores.
//!
//! Compiling is judged by the processors' time, which other programs on the machine hardly change.
//! What waits for Docker most of the time is judged by the clock.

use std::time::Duration;

use super::cost::Cost;
use super::speed::Speed;

/// A stage may take this many times what it usually takes.
const MOST: f64 = 2.0;

/// And always this much more: short stages vary.
const LEEWAY: Duration = Duration::from_secs(30);

enum By {
    Processors,
    Clock,
}

/// Seconds that a stage takes: in the first run, and in a later one in which all packages of the
/// workspace are compiled, but none of what they depend on.
struct Usual {
    stage: &'static str,
    by: By,
    first: u64,
    later: u64,
}

const USUAL: &[Usual] = &[
    compiled("front end: build", 20, 20),
    compiled("front end", 20, 20),
    compiled("lints", 400, 200),
    compiled("documentation", 100, 100),
    compiled("build", 700, 400),
    waited("test engines, fixtures", 310, 60),
    waited("tests", 1330, 1330),
];

const fn compiled(stage: &'static str, first: u64, later: u64) -> Usual {
    Usual {
        stage,
        by: By::Processors,
        first,
        later,
    }
}

const fn waited(stage: &'static str, first: u64, later: u64) -> Usual {
    Usual {
        stage,
        by: By::Clock,
        first,
        later,
    }
}

/// Whether a stage has a usual time.
pub fn is_judged(stage: &str) -> bool {
    USUAL.iter().any(|usual| usual.stage == stage)
}

/// Says what is wrong when a stage took too long.
pub fn excess(stage: &str, cost: &Cost, is_first: bool, speed: &Speed) -> Option<String> {
    let usual = USUAL.iter().find(|usual| usual.stage == stage)?;
    let seconds = if is_first { usual.first } else { usual.later };
    let (took, kind, ratio) = match usual.by {
        By::Processors => (cost.processors, " of processors", speed.processor),
        By::Clock => (cost.elapsed, "", speed.clock),
    };
    let limit = (Duration::from_secs(seconds).mul_f64(MOST) + LEEWAY).mul_f64(ratio);
    (took > limit).then(|| {
        format!(
            "the stage {stage} took {:.0} s{kind}; {seconds} s are usual, and {:.0} s are the \
             limit on this machine now",
            took.as_secs_f64(),
            limit.as_secs_f64()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cost, Speed, USUAL, excess};

    fn cost(elapsed: u64, processors: u64) -> Cost {
        Cost {
            elapsed: Duration::from_secs(elapsed),
            processors: Duration::from_secs(processors),
        }
    }

    #[test]
    fn a_stage_that_takes_more_than_double_is_named_with_its_numbers() {
        for usual in USUAL {
            let double = usual.later * 2;
            assert_eq!(
                excess(usual.stage, &cost(double, double), false, &Speed::USUAL),
                None
            );
            let more = double + 31;
            let said = excess(usual.stage, &cost(more, more), false, &Speed::USUAL)
                .expect("more than double is too much");
            assert!(
                said.contains(usual.stage) && said.contains(&format!("took {more} s")),
                "{said}"
            );
        }
    }

    #[test]
    fn the_first_run_has_limits_of_its_own() {
        let build = USUAL
            .iter()
            .find(|usual| usual.stage == "build")
            .expect("build");
        let as_first = cost(1, build.first * 2);
        assert_eq!(excess("build", &as_first, true, &Speed::USUAL), None);
        assert!(excess("build", &as_first, false, &Speed::USUAL).is_some());
    }

    #[test]
    fn compiling_beside_other_work_is_not_too_slow_and_neither_is_waiting_on_a_loaded_machine() {
        let usual = |stage: &str| {
            USUAL
                .iter()
                .find(|usual| usual.stage == stage)
                .expect("known")
                .later
        };
        let waited_for_cores = cost(usual("lints") * 10, usual("lints"));
        assert_eq!(
            excess("lints", &waited_for_cores, false, &Speed::USUAL),
            None
        );
        let loaded = Speed {
            processor: 1.0,
            clock: 3.0,
        };
        let slow = cost(usual("tests") * 3, 0);
        assert_eq!(excess("tests", &slow, false, &loaded), None);
        assert!(excess("tests", &slow, false, &Speed::USUAL).is_some());
    }

    #[test]
    fn stages_without_a_usual_time_are_not_judged() {
        assert_eq!(
            excess("packages", &cost(9_000, 9_000), false, &Speed::USUAL),
            None
        );
    }
}
