//! Where the shown run's time went, and what stands out in it: made beside the window while somebody looks at it.

use std::{cell::Cell, sync::Arc, time::Duration};

use eframe::egui::Context;

use super::{
    action::{Action, Panel},
    app::App,
    beside::Beside,
    changes::Changes,
    form::Form,
    plots::{Lit, RunKey, run_key},
    runs::Run,
};
use crate::{
    analysis::{Figures, Finding, Part, PartsTotal, WorkerTime, intervals, verdict},
    spec::Spec,
    store::{Phase, RunStore},
    time::{monotonic_ns, secs},
};

/// A live run is explained anew so often.
const EVERY: Duration = Duration::from_secs(1);
const EVERY_SECS: f64 = EVERY.as_secs_f64();

/// One run, explained as far as it had come.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) run: RunKey,
    phase: Phase,
    pub(crate) total: PartsTotal,
    /// By worker.
    pub(crate) per_worker: Vec<PartsTotal>,
    /// Empty for a run that goes on.
    pub(crate) findings: Vec<(Finding, String)>,
    /// When the workers' time went into the part that is lit, by worker.
    pub(crate) lit: Option<Lit>,
}

impl Account {
    fn of(store: &RunStore, observer_cpu_ns: u64, lit: Option<Part>) -> Self {
        let time = WorkerTime::new(store);
        let findings =
            Figures::new(store, observer_cpu_ns).map_or_else(Vec::new, |figures| verdict(store, &figures));
        Self {
            run: run_key(store),
            phase: store.phase,
            total: time.as_ref().map_or_else(PartsTotal::default, WorkerTime::total),
            per_worker: time.as_ref().map_or_else(Vec::new, WorkerTime::totals),
            findings: findings
                .into_iter()
                .map(|finding| {
                    let command = finding.command();
                    (finding, command)
                })
                .collect(),
            lit: lit.map(|part| Lit {
                run: run_key(store),
                part,
                by_worker: Arc::new(intervals(store, part)),
            }),
        }
    }
}

#[derive(Default)]
pub(crate) struct Explainer {
    account: Option<Arc<Account>>,
    making: Beside<Account>,
    made_secs: f64,
    /// The part whose intervals are to be seen in the timeline.
    pub(crate) lit: Option<Part>,
    /// The account was drawn since it was last asked.
    seen: Cell<bool>,
}

impl Explainer {
    /// What is known of the run with this key.
    pub(crate) fn account(&self, run: RunKey) -> Option<&Arc<Account>> {
        self.account.as_ref().filter(|account| account.run == run)
    }

    /// To be called by whoever draws the account: it is kept up to date while it is drawn.
    pub(crate) fn see(&self) {
        self.seen.set(true);
    }

    /// Takes in what was made, and begins anew where the run has gone on and somebody looks.
    pub(crate) fn refresh(&mut self, ctx: &Context, run: Option<&Run>, now_secs: f64) {
        if let Some(account) = self.making.take() {
            self.account = Some(Arc::new(account));
            self.made_secs = now_secs;
        }
        let wanted = self.seen.take() || self.lit.is_some();
        let Some(run) = run.filter(|_| wanted && self.making.is_idle()) else { return };
        let store = run.whole();
        let current = self.account.as_ref().filter(|account| account.run == run_key(store));
        let due = match current {
            None => true,
            Some(account) if account.lit.as_ref().map(|lit| lit.part) != self.lit => true,
            Some(account) if account.phase != store.phase => true,
            Some(_) => run.live && now_secs - self.made_secs >= EVERY_SECS,
        };
        if due {
            let (store, observer, lit) = (Arc::clone(store), run.observer().cpu_ns, self.lit);
            self.making.begin(ctx, "account", move || Account::of(&store, observer, lit));
        } else if run.live {
            ctx.request_repaint_after(EVERY);
        }
    }
}

impl App {
    pub(super) fn take_in_account(&mut self, ctx: &Context) {
        let now_secs = ctx.input(|input| input.time);
        self.explainer.refresh(ctx, self.runs.shown(), now_secs);
        let account = self.runs.shown().and_then(|run| self.explainer.account(run_key(run.whole())));
        let lit = account.and_then(|account| account.lit.clone());
        self.axis.light(lit.filter(|lit| Some(lit.part) == self.explainer.lit));
    }

    /// Fills the form with a suggestion, and tells what that has changed.
    fn set_up(&mut self, spec: &Spec) {
        let form = Form::from_spec(spec);
        let changes = Changes::between(&self.form.fields, &form.fields);
        let words = match changes.words() {
            words if words.is_empty() => "Set up already: the form holds all of it".to_owned(),
            words => format!("Set up: {words}"),
        };
        self.form = form;
        self.form.changes = changes;
        self.notices.say(words, monotonic_ns());
    }

    pub(super) fn apply_account(&mut self, action: Action) {
        match action {
            Action::Light(part) => self.explainer.lit = part,
            Action::ShowEvidence(evidence) => {
                self.explainer.lit = evidence.part;
                self.dock.bring(Panel::Timeline);
                self.set_compared(false);
                let (from, to) = (secs(evidence.from_ns), secs(evidence.to_ns));
                // What stands around it is needed to see what it means.
                let margin = (to - from) * 0.05;
                self.axis.go_to((from - margin).max(0.0), to + margin);
                if let (Some(worker), Some(task)) = (evidence.worker, evidence.task) {
                    self.axis.choose(worker, task);
                }
            }
            Action::SetUp(spec) => self.set_up(&spec),
            _ => {}
        }
    }
}
