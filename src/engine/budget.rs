//! How often a pool tries to replace workers that die before they are of use.

use crate::{
    ids::WorkerId,
    time::{NS_PER_MS, NS_PER_S},
};

/// Counts workers that died before they were ready. Too many in too short a time, and the pool stops replacing them:
/// what is wrong then will hardly get better by trying again at once. After a while without any further death one
/// worker is tried, and if it begins a task, the others may follow; if it dies too, the next is tried after a longer while.
#[derive(Debug)]
pub(super) struct StartBudget {
    deaths_ns: Vec<u64>,
    /// Deaths of ready workers since a task was last begun by any.
    fruitless: u32,
    state: State,
    /// How long no worker may die before the next is tried.
    rest_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Spent; the last death was at this time.
    Spent {
        since_ns: u64,
    },
    /// This worker is being tried.
    Trial(WorkerId),
}

impl Default for StartBudget {
    fn default() -> Self {
        Self { deaths_ns: Vec::new(), fruitless: 0, state: State::Open, rest_ns: Self::WINDOW_NS }
    }
}

impl StartBudget {
    pub(super) const DEATHS: usize = 5;
    pub(super) const WINDOW_NS: u64 = 10 * NS_PER_S;
    /// Pause before another spawn after one that failed.
    pub(super) const PAUSE_NS: u64 = 200 * NS_PER_MS;

    /// Deaths in a row, for each worker of the pool, after which it is plain that no task will ever begin.
    const FRUITLESS: u32 = 10;
    /// Longest time between two workers that are tried.
    const LONGEST_REST_NS: u64 = 320 * NS_PER_S;

    pub(super) fn is_spent(&self) -> bool {
        matches!(self.state, State::Spent { .. })
    }

    /// For how long no worker is started once the budget is spent, in seconds.
    pub(super) fn rest_secs(&self) -> u64 {
        self.rest_ns / NS_PER_S
    }

    /// Notes that a worker died, or failed to come to life, before it was of use; true when this exhausts the budget.
    pub(super) fn charge(&mut self, now_ns: u64) -> bool {
        self.deaths_ns.retain(|death_ns| now_ns.saturating_sub(*death_ns) < Self::WINDOW_NS);
        self.deaths_ns.push(now_ns);
        self.spend(now_ns, self.deaths_ns.len() > Self::DEATHS)
    }

    /// Notes that a ready worker died without having begun a task; true when this exhausts the budget.
    pub(super) fn charge_fruitless(&mut self, workers: u32, now_ns: u64) -> bool {
        self.fruitless = self.fruitless.saturating_add(1);
        self.spend(now_ns, self.fruitless > Self::FRUITLESS.saturating_mul(workers))
    }

    fn spend(&mut self, now_ns: u64, is_too_much: bool) -> bool {
        match &mut self.state {
            State::Spent { since_ns } => {
                *since_ns = now_ns;
                return false;
            }
            // Whoever of them it was that died: nothing has got better.
            State::Trial(_) => self.rest_ns = (2 * self.rest_ns).min(Self::LONGEST_REST_NS),
            State::Open if is_too_much => {}
            State::Open => return false,
        }
        self.state = State::Spent { since_ns: now_ns };
        true
    }

    pub(super) fn task_begun(&mut self, worker: WorkerId) {
        self.fruitless = 0;
        if self.state == State::Trial(worker) {
            *self = Self::default();
        }
    }

    /// Whether this vacant place may be filled. `is_there` says whether a place is filled, or about to be.
    pub(super) fn allows(
        &mut self,
        worker: WorkerId,
        now_ns: u64,
        is_there: impl Fn(WorkerId) -> bool,
    ) -> bool {
        match self.state {
            State::Open => true,
            State::Spent { since_ns } if now_ns.saturating_sub(since_ns) < self.rest_ns => false,
            // One that was tried and has gone in peace has shown nothing.
            State::Trial(tried) if is_there(tried) => false,
            State::Spent { .. } | State::Trial(_) => {
                self.state = State::Trial(worker);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: WorkerId = WorkerId(0);
    const SECOND: WorkerId = WorkerId(1);

    /// One whose workers died at this second, too many of them.
    fn spent(at_secs: u64) -> StartBudget {
        let mut budget = StartBudget::default();
        let charges: Vec<bool> =
            (0..=StartBudget::DEATHS).map(|_| budget.charge(at_secs * NS_PER_S)).collect();
        assert_eq!(charges, [false, false, false, false, false, true]);
        budget
    }

    #[test]
    fn a_few_deaths_at_start_up_are_forgiven_and_many_in_a_short_time_are_not() {
        let mut budget = StartBudget::default();
        for death in 0..5 {
            assert!(!budget.charge(death * NS_PER_S), "death {death}");
        }
        assert!(budget.charge(5 * NS_PER_S));
        assert!(budget.is_spent());
        assert!(!budget.charge(6 * NS_PER_S), "it is exhausted once");
    }

    #[test]
    fn deaths_without_a_task_begun_in_between_are_borne_for_a_while() {
        let mut budget = StartBudget::default();
        for round in 0..3 {
            for death in 0..20 {
                assert!(!budget.charge_fruitless(2, 0), "death {death} of round {round}");
            }
            budget.task_begun(FIRST);
        }
        assert!((0..20).all(|_| !budget.charge_fruitless(2, 0)));
        assert!(budget.charge_fruitless(2, 0) && budget.is_spent());
    }

    #[test]
    fn deaths_long_ago_do_not_count() {
        let mut budget = StartBudget::default();
        for death in 0..20 {
            assert!(!budget.charge(death * 3 * NS_PER_S), "death {death}");
        }
    }

    #[test]
    fn one_worker_is_tried_after_a_while_without_deaths() {
        for (last_death_secs, now_secs, allowed) in
            [(0, 0, false), (0, 9, false), (0, 10, true), (7, 16, false), (7, 17, true), (7, 900, true)]
        {
            let mut budget = spent(0);
            budget.charge(last_death_secs * NS_PER_S);
            let got = budget.allows(FIRST, now_secs * NS_PER_S, |_| false);
            assert_eq!(got, allowed, "{last_death_secs} {now_secs}");
            // And no second one beside it.
            assert!(!budget.allows(SECOND, now_secs * NS_PER_S, |worker| worker == FIRST));
        }
    }

    #[test]
    fn a_worker_that_is_tried_and_begins_a_task_makes_all_good() {
        let mut budget = spent(0);
        assert!(budget.allows(SECOND, 10 * NS_PER_S, |_| false));
        budget.task_begun(FIRST);
        assert!(!budget.allows(FIRST, 11 * NS_PER_S, |_| true), "that was another");
        budget.task_begun(SECOND);
        assert!((0..40).all(|worker| budget.allows(WorkerId(worker), 11 * NS_PER_S, |_| true)));
        assert!((0..5).all(|_| !budget.charge(12 * NS_PER_S)) && budget.charge(12 * NS_PER_S));
    }

    #[test]
    fn a_worker_that_goes_in_peace_makes_room_for_the_next_to_be_tried() {
        let mut budget = spent(0);
        assert!(budget.allows(FIRST, 10 * NS_PER_S, |_| false));
        assert!(budget.allows(SECOND, 11 * NS_PER_S, |_| false));
    }

    #[test]
    fn workers_that_always_die_are_tried_more_and_more_rarely() {
        for fruitless in [false, true] {
            let (mut budget, mut tried_secs) = (spent(0), Vec::new());
            for now_secs in 0..1500 {
                let now_ns = now_secs * NS_PER_S;
                if budget.allows(FIRST, now_ns, |_| false) {
                    tried_secs.push(now_secs);
                    let exhausts =
                        if fruitless { budget.charge_fruitless(9, now_ns) } else { budget.charge(now_ns) };
                    assert!(exhausts && budget.is_spent(), "{now_secs}");
                }
            }
            assert_eq!(tried_secs, [10, 30, 70, 150, 310, 630, 950, 1270]);
        }
    }
}
