//! What a stage remembers: the moment shown, what part is in view, whether it plays.

use std::{sync::Arc, time::Duration};

use eframe::egui::{Context, EventFilter, Key, PointerButton, Response, Ui};

use super::{
    layout::{Mode, ORDER_UP_TO, Ruler, whole, within},
    model::Model,
};
use crate::{
    gui::plots::{RunKey, TimeScale, run_key},
    spec::LessonName,
    store::RunStore,
    time,
};

/// Points of wheel travel that zoom by a factor of e.
const WHEEL_ZOOM_POINTS: f32 = 250.0;
/// By order, a moment is shown for this long.
const STEP_SECS: f64 = 0.7;
/// In time, the whole run is played in this long, but never faster than it was.
const WHOLE_SECS: f64 = 12.0;
/// Nobody sees more frames than these.
const LEAST_INTERVAL: Duration = Duration::from_millis(33);

/// Kept from frame to frame by whoever shows a stage.
#[derive(Debug, Default)]
pub(crate) struct StageView {
    /// `None` until somebody chose.
    mode: Option<Mode>,
    lesson: Option<LessonName>,
    /// `None` is the present of a live run, and the end of another.
    moment: Option<u64>,
    /// Under the pointer.
    pub(super) pointed: Option<u64>,
    /// What was told last.
    pub(super) told: Option<u64>,
    window: Option<(f64, f64)>,
    /// The moment that was last brought into view.
    kept: Option<u64>,
    playing: Option<Playing>,
    /// Set by whoever draws it: the last moment there is.
    pub(super) drawn_to: Option<u64>,
    pub(super) model: Arc<Model>,
    /// What the model is of.
    of: Option<(RunKey, [usize; 3], bool)>,
}

#[derive(Clone, Copy, Debug)]
struct Playing {
    /// By the window's clock, when it was moved last.
    at_secs: f64,
    /// Where it stands, in seconds of the run or in moments.
    place: f64,
}

impl StageView {
    /// The moment shown, in nanoseconds of the run; `None` for the present, or the end.
    pub(crate) fn moment(&self) -> Option<u64> {
        self.pointed.or(self.moment)
    }

    /// Takes in what the run has told since.
    pub(super) fn update(&mut self, store: &RunStore) {
        let ends =
            store.lanes.iter().flat_map(|lane| &lane.lives).filter(|life| life.exited_ns.is_some()).count();
        let starts: usize = store.lanes.iter().map(|lane| lane.lives.len() + lane.spans.len()).sum();
        let counts = [store.lesson.told_len(), store.lesson.logged.len(), ends + starts];
        let of = (run_key(store), counts, store.phase.is_live());
        if self.of == Some(of) {
            return;
        }
        if self.of.is_none_or(|before| before.0 != of.0) {
            // How one lesson was best seen says nothing about the next.
            // Until its engine has spoken, a run says nothing of its lesson.
            let lesson =
                store.info.as_ref().map_or_else(|| self.lesson.clone(), |info| info.spec.lesson.clone());
            let mode = self.mode.filter(|_| lesson == self.lesson);
            *self = Self { mode, lesson, ..Self::default() };
        }
        self.model = Arc::new(Model::new(store));
        self.of = Some(of);
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode.unwrap_or_else(|| Mode::at_first(&self.model))
    }

    pub(super) fn set_mode(&mut self, mode: Mode) {
        if self.mode() == mode {
            return;
        }
        (self.window, self.playing, self.mode) = (None, None, Some(mode));
        // More than that could not be read: a part of it is shown, which follows the moment.
        let (count, most) = (self.model.moments.len(), ORDER_UP_TO as f64);
        if mode == Mode::Order && count as f64 > most * 1.5 {
            let at = self.moment.and_then(|t_ns| self.model.moment_at(t_ns)).unwrap_or(count) as f64;
            self.window = Some((at - most * 0.5, at + most * 0.5));
        }
    }

    pub(super) fn fit(&mut self) {
        self.window = None;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.window.is_none()
    }

    pub(super) fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    pub(super) fn scale(&self, now_ns: u64, live: bool, (left, right): (f32, f32)) -> TimeScale {
        let mode = self.mode();
        let all = whole(mode, &self.model, now_ns, live);
        let (from_secs, to_secs) = self.window.map_or(all, |window| within(mode, window, all));
        TimeScale { from_secs, to_secs, left, right }
    }

    pub(super) fn stand_at(&mut self, moment: Option<u64>) {
        (self.moment, self.playing) = (moment, None);
    }

    /// To the next moment, or the one before; past the last one is the end.
    pub(super) fn step(&mut self, forward: bool) {
        let moments = Arc::clone(&self.model);
        let moments = &moments.moments;
        let Some(last) = moments.len().checked_sub(1) else { return };
        let to = match (self.moment.and_then(|t_ns| self.model.moment_at(t_ns)), forward) {
            (None, true) => None,
            (None, false) => Some(last.saturating_sub(1)),
            (Some(at), true) => Some(at + 1).filter(|at| *at < last),
            (Some(at), false) => Some(at.saturating_sub(1)),
        };
        self.stand_at(to.map(|at| moments[at]));
    }

    pub(super) fn go_to_start(&mut self) {
        self.stand_at(self.model.moments.first().copied());
    }

    /// Plays from the moment shown, or from the beginning; or stops.
    pub(super) fn toggle_play(&mut self, now_secs: f64) {
        if self.playing.take().is_some() {
            return;
        }
        let Some(first) = self.model.moments.first().copied() else { return };
        let from_ns = *self.moment.get_or_insert(first);
        let place = match self.mode() {
            Mode::Time => time::secs(from_ns),
            Mode::Order => self.model.moment_at(from_ns).unwrap_or(0) as f64,
        };
        self.playing = Some(Playing { at_secs: now_secs, place });
    }

    /// How much slower than it was a run is played in time.
    pub(super) fn slowed(now_ns: u64) -> f64 {
        (WHOLE_SECS / time::secs(now_ns).max(1e-6)).max(1.0)
    }

    /// Moves on what plays, where the stage was drawn in the frame before. To be called before anything of the page is
    /// drawn, so that all of it shows the same moment. `interval` is how long a frame shall last.
    pub(crate) fn play(&mut self, ctx: &Context, interval: Duration) {
        let Some(end_ns) = self.drawn_to.take() else { return };
        if let Some(wait) = self.play_on(ctx.input(|input| input.time), end_ns) {
            ctx.request_repaint_after(wait.max(interval).max(LEAST_INTERVAL));
        }
        self.told = self.moment();
    }

    /// While it plays, after how long there will be something new to see.
    fn play_on(&mut self, now_secs: f64, end_ns: u64) -> Option<Duration> {
        let (mode, slowed) = (self.mode(), Self::slowed(end_ns));
        let playing = self.playing.as_mut()?;
        let passed = (now_secs - playing.at_secs).clamp(0.0, 1.0);
        playing.at_secs = now_secs;
        playing.place += passed / if mode == Mode::Time { slowed } else { STEP_SECS };
        let (moment, wait_secs) = match mode {
            Mode::Time => (Some(time::ns_from_secs(playing.place)).filter(|t_ns| *t_ns < end_ns), 0.0),
            // Between two moments nothing moves.
            Mode::Order => {
                let moment = self.model.moments.get(playing.place as usize).copied();
                (moment, (1.0 - playing.place.fract()) * STEP_SECS)
            }
        };
        self.moment = moment;
        if moment.is_none() {
            self.playing = None;
        }
        self.playing.map(|_| Duration::from_secs_f64(wait_secs))
    }

    /// Takes the hand over the picture: wheel and drag for what is in view, keys for the moment.
    pub(super) fn interact(
        &mut self,
        ui: &Ui,
        response: &Response,
        ruler_scale: &TimeScale,
        wheel_zooms: bool,
    ) {
        if response.double_clicked() {
            self.fit();
        }
        if response.clicked() {
            response.request_focus();
        }
        let middle =
            response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle);
        let mut pan = if middle { response.drag_delta().x } else { 0.0 };
        let pointer = ui.input(|input| input.pointer.hover_pos());
        if let Some(pointer) = pointer.filter(|_| response.contains_pointer()) {
            let (pinch, scroll) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta()));
            let mut factor = f64::from(pinch);
            if wheel_zooms {
                factor *= f64::from((scroll.y / WHEEL_ZOOM_POINTS).exp());
            }
            pan += scroll.x;
            if (factor - 1.0).abs() > f64::EPSILON && factor > 0.0 {
                let x = pointer.x.clamp(ruler_scale.left, ruler_scale.right);
                self.zoom(ruler_scale.secs_from_x(x), factor, ruler_scale);
            }
            // What was used here must not scroll what is around.
            ui.input_mut(|input| {
                input.smooth_scroll_delta.x = 0.0;
                if wheel_zooms {
                    input.smooth_scroll_delta.y = 0.0;
                }
            });
        }
        if pan != 0.0 {
            let by = -f64::from(pan) * ruler_scale.secs_per_point();
            self.window = Some((ruler_scale.from_secs + by, ruler_scale.to_secs + by));
            ui.ctx().request_repaint();
        }
        if ui.memory(|memory| memory.has_focus(response.id)) {
            self.keys(ui, response);
        }
    }

    fn zoom(&mut self, at: f64, factor: f64, scale: &TimeScale) {
        let span = scale.to_secs - scale.from_secs;
        let from = at - (at - scale.from_secs) / factor;
        self.window = Some((from, from + span / factor));
    }

    fn keys(&mut self, ui: &Ui, response: &Response) {
        // Without this, egui moves the focus away on an arrow key.
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let pressed = |key| ui.input(|input| input.key_pressed(key) && input.modifiers.is_none());
        if pressed(Key::ArrowLeft) {
            self.step(false);
        }
        if pressed(Key::ArrowRight) {
            self.step(true);
        }
        if pressed(Key::Home) {
            self.go_to_start();
        }
        if pressed(Key::End) {
            self.stand_at(None);
        }
    }

    /// Brings the moment into view where only a part is, once it has changed.
    pub(super) fn keep_in_view(&mut self, now_ns: u64, live: bool) {
        let changed = std::mem::replace(&mut self.kept, self.moment) != self.moment;
        let (Some(window), true) = (self.window, changed) else { return };
        let t_ns = self.moment.unwrap_or(now_ns);
        let scale = self.scale(now_ns, live, (0.0, 1.0));
        let ruler = Ruler { mode: self.mode(), moments: &self.model.moments, scale };
        let x = f64::from(ruler.x(t_ns));
        if !(0.0..=1.0).contains(&x) {
            let span = window.1 - window.0;
            let place = window.0 + x * span;
            self.window = Some((place - span * 0.5, place + span * 0.5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Event,
        spec::{Backend, Spec},
        store::testing,
    };

    fn playing(mode: Mode) -> StageView {
        let model = Model { moments: vec![0, 10, 20, 30], ..Model::default() };
        let mut view = StageView { mode: Some(mode), model: Arc::new(model), ..StageView::default() };
        view.toggle_play(100.0);
        view
    }

    #[test]
    fn a_choice_holds_for_all_runs_of_its_lesson_and_for_no_other() {
        let run = |lesson: &str, engine_pid: u32| {
            let spec = Spec { lesson: lesson.parse().ok(), ..testing::spec(Backend::Processes, 2, 2) };
            let mut event = testing::run_started(spec);
            if let Event::RunStarted(info) = &mut event {
                info.engine_pid = engine_pid;
            }
            let mut store = RunStore::default();
            store.apply(event);
            store
        };
        let mut view = StageView::default();
        view.update(&run("queue", 1));
        view.set_mode(Mode::Order);
        view.set_mode(Mode::Time);
        // As it looks while its engine is being started.
        view.update(&RunStore::default());
        view.update(&run("queue", 2));
        assert_eq!(view.mode, Some(Mode::Time));
        view.update(&RunStore::default());
        view.update(&run("pool", 3));
        assert_eq!(view.mode, None);
    }

    #[test]
    fn by_order_a_frame_is_wanted_only_for_the_next_moment() {
        let mut view = playing(Mode::Order);
        let wait = view.play_on(100.25, 30).unwrap().as_secs_f64();
        assert_eq!(view.moment(), Some(0));
        assert!((wait - (STEP_SECS - 0.25)).abs() < 1e-6, "{wait}");
        let mut now_secs = 100.25;
        for moment in [10, 20, 30] {
            now_secs += view.play_on(now_secs, 30).unwrap().as_secs_f64() + 1e-6;
            view.play_on(now_secs, 30);
            assert_eq!(view.moment(), Some(moment));
        }
        assert_eq!(view.play_on(now_secs + STEP_SECS, 30), None);
        assert!(!view.is_playing() && view.moment().is_none());
    }

    #[test]
    fn what_plays_asks_for_frames_at_the_window_s_pace_and_only_where_it_was_drawn() {
        let delays = Arc::new(std::sync::Mutex::new(Vec::new()));
        let ctx = Context::default();
        ctx.set_request_repaint_callback({
            let delays = Arc::clone(&delays);
            move |asked| delays.lock().unwrap().push(asked.delay)
        });
        let mut view = playing(Mode::Time);
        let pace = Duration::from_millis(177);
        view.play(&ctx, pace);
        assert!(delays.lock().unwrap().is_empty(), "it was not drawn");
        view.drawn_to = Some(time::NS_PER_S);
        view.play(&ctx, pace);
        assert_eq!(*delays.lock().unwrap(), [pace]);
        assert_eq!(view.told, view.moment());
    }
}
