//! How much may be under way at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// An amount that is taken and given back. Who takes more than is left waits.
pub(crate) struct Budget {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    taken: usize,
    closed: bool,
}

/// Closes its budget when it is dropped.
pub(crate) struct Closing(Arc<Budget>);

impl Budget {
    /// Of that amount.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Takes that much, when there is room for it, or when nothing else is taken: what is larger than the whole budget goes
    /// alone. `false` when the budget is closed.
    pub(crate) fn take(&self, amount: usize) -> bool {
        let mut state = self.lock();
        while !state.closed && state.taken > 0 && state.taken.saturating_add(amount) > self.limit {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return false;
        }
        state.taken = state.taken.saturating_add(amount);
        true
    }

    /// Gives back what was taken.
    pub(crate) fn give_back(&self, amount: usize) {
        let mut state = self.lock();
        state.taken = state.taken.saturating_sub(amount);
        self.changed.notify_all();
    }

    /// Sees to it that nobody waits any more once the value is dropped.
    pub(crate) fn closing(self: &Arc<Self>) -> Closing {
        Closing(Arc::clone(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_is_under_way_than_there_is_room_for() {
        let budget = Budget::new(10);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (budget, now, most) = (&budget, &now, &most);
                scope.spawn(move || {
                    for i in 0..200 {
                        let amount = 1 + (thread + i) % 4;
                        assert!(budget.take(amount));
                        most.fetch_max(now.fetch_add(amount, Ordering::SeqCst) + amount, Ordering::SeqCst);
                        now.fetch_sub(amount, Ordering::SeqCst);
                        budget.give_back(amount);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 10);
    }

    #[test]
    fn what_is_larger_than_all_goes_alone_and_a_closed_budget_lets_nobody_wait() {
        let budget = Budget::new(10);
        assert!(budget.take(50));
        let waiting = std::thread::spawn({
            let budget = Arc::clone(&budget);
            move || budget.take(1)
        });
        drop(budget.closing());
        assert!(!waiting.join().unwrap());
    }
}
