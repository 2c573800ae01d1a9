//! The queue over time: how many tasks wait, how many are with workers, and how many end in a second.

use std::fmt::Write as _;

use super::{
    frame::{self, BOTTOM, LEFT, Legend, PLOT_WIDTH, Scale, TOP, WIDTH},
    writer::{Anchor, Num, Svg},
};
use crate::{
    store::{QueueSample, RunStore},
    time::secs,
    units::{self, ticks::value_ticks},
};

/// Steps of one curve. With more samples, the highest of neighbours is told.
const MAX_STEPS: usize = 2000;
const PANEL: f64 = 132.0;
const GAP: f64 = 26.0;

/// A value from one moment on, up to the next step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    from_ns: u64,
    value: f64,
}

pub(super) fn draw(store: &RunStore, style: Option<&str>) -> String {
    let scale = Scale::new(store);
    let height = 3.0 * PANEL + 2.0 * GAP;
    let mut svg = Svg::new(WIDTH, TOP + height + BOTTOM, &frame::title(store, "Queue"), style);
    svg.pattern("queue-flight", "system", 10.0, "<path class=\"ink\" d=\"M-1 11L11 -1\"/>");
    frame::heading(&mut svg, store, "Queue");
    if store.queue.len() > MAX_STEPS {
        Legend::new().note(&mut svg, "each column shows its highest value");
    }
    let panels = [
        ("tasks waiting in the queue", Fill::Class("user"), depth(store, |sample| sample.queued)),
        (
            "tasks with workers, not ended",
            Fill::Pattern("queue-flight"),
            depth(store, |sample| sample.in_flight),
        ),
        ("tasks that ended for good, in a second", Fill::Class("starting"), rate(store)),
    ];
    for (at, (name, fill, steps)) in panels.into_iter().enumerate() {
        panel(&mut svg, scale, TOP + (PANEL + GAP) * at as f64, name, fill, &steps);
    }
    if store.queue.is_empty() {
        frame::nothing(&mut svg, PANEL, "no samples of the queue");
    }
    frame::time_axis(&mut svg, scale, TOP + height);
    svg.finish()
}

#[derive(Clone, Copy)]
enum Fill {
    Class(&'static str),
    Pattern(&'static str),
}

fn panel(svg: &mut Svg, scale: Scale, top: f64, name: &str, fill: Fill, steps: &[Step]) {
    frame::ground(svg, scale, top, PANEL);
    let peak = steps.iter().map(|step| step.value).fold(0.0, f64::max);
    let ticks = value_ticks(peak, 5);
    let limit = ticks.last().copied().unwrap_or(1.0);
    let y = |value: f64| top + PANEL * (1.0 - value / limit);
    let (area, outline) = curve(steps, scale, y);
    match fill {
        Fill::Class(class) => svg.path(class, &area, None),
        Fill::Pattern(id) => svg.patterned_path(id, &area),
    }
    svg.path("outline", &outline, None);
    for value in ticks {
        svg.line("grid", (LEFT, y(value)), (LEFT + PLOT_WIDTH, y(value)));
        svg.label("weak", (LEFT - 8.0, y(value) + 4.0), Anchor::End, &units::count(value.round() as u64));
    }
    svg.label("name", (LEFT, top - 6.0), Anchor::Start, name);
}

/// The area under the steps, and its upper edge. The last step reaches to the end.
fn curve(steps: &[Step], scale: Scale, y: impl Fn(f64) -> f64) -> (String, String) {
    let mut edge = String::new();
    let Some(first) = steps.first() else { return (String::new(), edge) };
    // Writing to a String cannot fail.
    let _ = write!(edge, "M{} {}", Num(scale.x(first.from_ns)), Num(y(first.value)));
    for step in &steps[1..] {
        let _ = write!(edge, "H{}V{}", Num(scale.x(step.from_ns)), Num(y(step.value)));
    }
    let _ = write!(edge, "H{}", Num(scale.x(scale.end_ns)));
    let area = format!("{edge}V{}H{}Z", Num(y(0.0)), Num(scale.x(first.from_ns)));
    (area, edge)
}

fn every(store: &RunStore) -> usize {
    store.queue.len().div_ceil(MAX_STEPS).max(1)
}

fn depth(store: &RunStore, value: fn(&QueueSample) -> u32) -> Vec<Step> {
    let every = every(store);
    let mut steps: Vec<Step> = Vec::new();
    for (at, sample) in store.queue.iter().enumerate() {
        let value = f64::from(value(sample));
        match steps.last_mut().filter(|_| at % every != 0) {
            Some(step) => step.value = step.value.max(value),
            None => steps.push(Step { from_ns: sample.t_ns, value }),
        }
    }
    steps
}

/// Tasks that ended between two samples, over the time between them. Samples may follow one another at once, then the
/// time is that to the next.
fn rate(store: &RunStore) -> Vec<Step> {
    let least_ns = Scale::new(store).end_ns.div_ceil(PLOT_WIDTH as u64);
    let mut steps = Vec::new();
    let (mut from_ns, mut done) = (0, 0);
    let last = store.queue.len().saturating_sub(1);
    for (at, sample) in store.queue.iter().enumerate() {
        let length_ns = sample.t_ns.saturating_sub(from_ns);
        if length_ns == 0 || (length_ns < least_ns && at != last) {
            continue;
        }
        let ended = f64::from(sample.done.saturating_sub(done));
        steps.push(Step { from_ns, value: ended / secs(length_ns) });
        (from_ns, done) = (sample.t_ns, sample.done.max(done));
    }
    if !steps.is_empty() {
        steps.push(Step { from_ns, value: 0.0 });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Event, spec::Backend, store::testing::*, time::NS_PER_S};

    fn sampled(samples: impl IntoIterator<Item = (u64, u32, u32)>) -> RunStore {
        let mut run = store([run_started(spec(Backend::Serial, 1, 1))]);
        for (t_ns, queued, done) in samples {
            run.apply(Event::Queue { t_ns, queued, in_flight: 1, done });
        }
        run
    }

    #[test]
    fn rates_are_of_the_time_between_samples() {
        let run = sampled([(NS_PER_S, 9, 4), (NS_PER_S, 9, 5), (2 * NS_PER_S, 3, 10)]);
        let steps = rate(&run);
        let values: Vec<_> = steps.iter().map(|step| (step.from_ns, step.value)).collect();
        assert_eq!(values, [(0, 4.0), (NS_PER_S, 6.0), (2 * NS_PER_S, 0.0)]);
        assert_eq!(rate(&sampled([])), []);
    }

    #[test]
    fn too_many_samples_keep_their_peaks() {
        let run = sampled((0..50_000).map(|at| (at, u32::from(at == 31_337) * 77, 0)));
        let steps = depth(&run, |sample| sample.queued);
        assert!(steps.len() <= MAX_STEPS, "{}", steps.len());
        assert!(steps.iter().any(|step| (step.value - 77.0).abs() < 1e-9));
        assert!(rate(&run).len() <= PLOT_WIDTH as usize + 2);
    }
}
