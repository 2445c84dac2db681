//! A part of a table that is too long for every run of the tests, another one each time.
//!
//! The variable `LONGSHORE_TEST_SAMPLE` chooses: `all` is the whole table, every other text a
//! part that is always the same. `cargo xtask test` takes the commit, `cargo xtask chaos` takes
//! all.

use sha2::{Digest as _, Sha256};

const VARIABLE: &str = "LONGSHORE_TEST_SAMPLE";
const ALL: &str = "all";

/// So many lines of a table, in its order. The name tells apart what is chosen of several tables.
pub fn of<T>(name: &str, table: Vec<T>, count: usize) -> Vec<T> {
    let seed = std::env::var(VARIABLE).unwrap_or_default();
    if seed == ALL {
        return table;
    }
    eprintln!(
        "{name}: {count} of {}, chosen by {VARIABLE}={seed}",
        table.len()
    );
    chosen(&seed, name, table, count)
}

fn chosen<T>(seed: &str, name: &str, table: Vec<T>, count: usize) -> Vec<T> {
    let lot = |place: usize| Sha256::digest(format!("{seed}\n{name}\n{place}"));
    let mut lots: Vec<_> = (0..table.len()).map(lot).collect();
    lots.sort_unstable();
    let Some(last) = lots.get(count) else {
        return table;
    };
    let drawn = table.into_iter().enumerate();
    drawn
        .filter(|(place, _)| lot(*place) < *last)
        .map(|(_, line)| line)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::chosen;

    fn ten() -> Vec<usize> {
        (0..10).collect()
    }

    #[test]
    fn a_seed_always_chooses_the_same_lines_in_their_order() {
        let first = chosen("0a1b2c3", "letters", ten(), 4);
        assert_eq!(first.len(), 4);
        assert!(first.is_sorted(), "{first:?}");
        assert_eq!(chosen("0a1b2c3", "letters", ten(), 4), first);
    }

    #[test]
    fn seeds_and_names_choose_differently_and_sooner_or_later_every_line() {
        let by = |seed: usize, name: &str| chosen(&seed.to_string(), name, ten(), 4);
        assert!((0..10).any(|seed| by(seed, "letters") != by(seed, "digits")));
        let all: BTreeSet<usize> = (0..40).flat_map(|seed| by(seed, "letters")).collect();
        assert_eq!(all.len(), 10);
    }

    #[test]
    fn a_table_that_is_no_longer_than_the_sample_is_taken_whole() {
        assert_eq!(chosen("x", "letters", ten(), 10), ten());
        assert_eq!(chosen("x", "letters", ten(), 11), ten());
    }
}
