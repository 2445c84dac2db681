//! How many terminals are open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longshore_domain::UserId;

/// Open terminals of one person.
const MOST_OF_USER: usize = 5;
/// Open terminals of everybody.
const MOST: usize = 25;

type Counts = HashMap<UserId, usize>;

/// Counts the terminals that this process has open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(Arc<Mutex<Counts>>);

/// A place among the open terminals; it is given back when this is dropped.
#[derive(Debug)]
pub struct TerminalSlot {
    slots: Slots,
    user: UserId,
}

impl Slots {
    /// Takes a place if there is one.
    pub(crate) fn take(&self, user: UserId) -> Option<TerminalSlot> {
        let mut counts = self.lock();
        let all: usize = counts.values().sum();
        let own = counts.get(&user).copied().unwrap_or_default();
        if all >= MOST || own >= MOST_OF_USER {
            return None;
        }
        counts.insert(user, own + 1);
        Some(TerminalSlot {
            slots: self.clone(),
            user,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TerminalSlot {
    fn drop(&mut self) {
        let mut counts = self.slots.lock();
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back_and_nobody_takes_all() {
        let slots = Slots::default();
        let user = UserId::generate();
        let mut taken: Vec<_> = (0..MOST_OF_USER)
            .map(|_| slots.take(user).unwrap())
            .collect();
        assert!(slots.take(user).is_none());
        assert!(slots.take(UserId::generate()).is_some());
        taken.pop();
        taken.push(slots.take(user).unwrap());
        let others: Vec<_> = (0..MOST).map(|_| slots.take(UserId::generate())).collect();
        assert_eq!(others.iter().flatten().count(), MOST - MOST_OF_USER);
        drop((taken, others));
        assert!(slots.lock().is_empty());
    }
}
