//! Load of each core over time: a strip a core, user time at the foot and system time on it.

use std::fmt::Write as _;

use super::{
    frame::{self, BOTTOM, LEFT, Legend, PLOT_WIDTH, RIGHT, Scale, TOP, WIDTH},
    writer::{Anchor, Num, Svg},
};
use crate::{event::CoreLoad, store::RunStore, units};

/// Steps of all strips together. With more samples, neighbours are averaged.
const MAX_STEPS: usize = 16_000;
/// A strip at least so high has an axis of its own.
const AXIS_HEIGHT: f64 = 34.0;

/// A stretch of time in which a core's load is told as one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    from_ns: u64,
    to_ns: u64,
    user: f64,
    system: f64,
}

pub(super) fn draw(store: &RunStore, style: Option<&str>) -> String {
    let scale = Scale::new(store);
    let cores = store.cores.iter().map(|sample| sample.loads.len()).max().unwrap_or(0);
    let pitch = (640.0 / cores.max(1) as f64).clamp(9.0, 110.0);
    let height = pitch * cores.max(1) as f64;
    let mut svg = Svg::new(WIDTH, TOP + height + BOTTOM, &frame::title(store, "CPU per core"), style);
    svg.pattern("cores-system", "system", 7.0, "<path class=\"ink\" d=\"M-1 8L8 -1\"/>");
    frame::heading(&mut svg, store, "CPU per core");
    let mut legend = Legend::new();
    legend.entry(&mut svg, "user", |svg, rect| svg.rect("user", rect, None));
    legend.entry(&mut svg, "system", |svg, rect| svg.patterned("cores-system", rect, None));
    legend.note(&mut svg, "of everything on the machine, in percent of a core; right: the mean");
    if cores == 0 {
        frame::nothing(
            &mut svg,
            height,
            "no samples of the cores: the run was shorter than the time between two",
        );
    }
    for core in 0..cores {
        strip(&mut svg, store, scale, core, (TOP + pitch * core as f64, pitch), MAX_STEPS / cores);
    }
    frame::time_axis(&mut svg, scale, TOP + height);
    svg.finish()
}

fn strip(svg: &mut Svg, store: &RunStore, scale: Scale, core: usize, (y, pitch): (f64, f64), most: usize) {
    let gap = if pitch >= AXIS_HEIGHT {
        9.0
    } else if pitch >= 16.0 {
        5.0
    } else {
        1.5
    };
    let (top, height) = (y + gap, pitch - gap);
    let foot = top + height;
    frame::ground(svg, scale, top, height);
    let steps = steps(store, core, most.clamp(4, PLOT_WIDTH as usize));
    let area = |low: fn(&Step) -> f64, high: fn(&Step) -> f64| area(&steps, scale, (top, height), low, high);
    svg.path("user", &area(|_| 0.0, |step| step.user), None);
    svg.patterned_path("cores-system", &area(|step| step.user, |step| step.user + step.system));
    if pitch >= AXIS_HEIGHT {
        // The outermost labels stay inside of the strip, so that those of neighbours do not touch.
        for (share, label, below) in [(0.0, "0", 0.0), (0.5, "50 %", 4.0), (1.0, "100 %", 8.0)] {
            let line = foot - height * share;
            svg.line("grid", (LEFT, line), (LEFT + PLOT_WIDTH, line));
            svg.label("weak small", (LEFT - 6.0, line + below), Anchor::End, label);
        }
        svg.label("name", (8.0, top + height * 0.5 + 4.0), Anchor::Start, &format!("core {core}"));
    } else if pitch >= 12.0 || core.is_multiple_of(2) {
        svg.label("name", (LEFT - 8.0, top + height * 0.5 + 4.0), Anchor::End, &format!("core {core}"));
    }
    let (mut busy, mut whole) = (0.0, 0.0);
    for step in &steps {
        let length = (step.to_ns - step.from_ns) as f64;
        busy += (step.user + step.system) * length;
        whole += length;
    }
    if whole > 0.0 && pitch >= 12.0 {
        let mean = units::percent(busy / whole);
        svg.label("weak small", (WIDTH - RIGHT + 6.0, top + height * 0.5 + 4.0), Anchor::Start, &mean);
    }
}

/// A core's samples, each over the time since the one before, and at most `most` of them.
fn steps(store: &RunStore, core: usize, most: usize) -> Vec<Step> {
    let every = store.cores.len().div_ceil(most).max(1);
    let mut steps: Vec<Step> = Vec::new();
    let mut from_ns = 0;
    for (at, sample) in store.cores.iter().enumerate() {
        let load = sample.loads.get(core).copied().unwrap_or_default();
        let [user, system] = shares(load);
        let new = Step { from_ns, to_ns: sample.t_ns.max(from_ns), user, system };
        from_ns = new.to_ns;
        match steps.last_mut().filter(|_| at % every != 0) {
            Some(old) => *old = average(*old, new),
            None => steps.push(new),
        }
    }
    steps
}

/// User and system time, each between 0 and what is left of the whole.
fn shares(load: CoreLoad) -> [f64; 2] {
    let share = |part: f32, most: f64| if part.is_finite() { f64::from(part).clamp(0.0, most) } else { 0.0 };
    let user = share(load.user, 1.0);
    [user, share(load.system, 1.0 - user)]
}

fn average(a: Step, b: Step) -> Step {
    let (old, new) = ((a.to_ns - a.from_ns) as f64, (b.to_ns - b.from_ns) as f64);
    let whole = old + new;
    let mean = |x: f64, y: f64| if whole > 0.0 { (x * old + y * new) / whole } else { y };
    Step { from_ns: a.from_ns, to_ns: b.to_ns, user: mean(a.user, b.user), system: mean(a.system, b.system) }
}

/// The ground between two lines of steps: there along the upper, and back along the lower.
fn area(
    steps: &[Step],
    scale: Scale,
    (top, height): (f64, f64),
    low: fn(&Step) -> f64,
    high: fn(&Step) -> f64,
) -> String {
    let y = |share: f64| Num(top + height * (1.0 - share));
    let mut data = String::new();
    // Writing to a String cannot fail.
    for (at, step) in steps.iter().enumerate() {
        let (from, to, y) = (Num(scale.x(step.from_ns)), Num(scale.x(step.to_ns)), y(high(step)));
        let _ = if at == 0 { write!(data, "M{from} {y}H{to}") } else { write!(data, "V{y}H{to}") };
    }
    for step in steps.iter().rev() {
        let _ = write!(data, "V{}H{}", y(low(step)), Num(scale.x(step.from_ns)));
    }
    if !data.is_empty() {
        data.push('Z');
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Event, spec::Backend, store::testing::*};

    fn sampled(times_ns: &[u64], user: impl Fn(usize) -> f32) -> RunStore {
        let mut run = store([run_started(spec(Backend::Serial, 1, 1))]);
        for (at, &t_ns) in times_ns.iter().enumerate() {
            let load = CoreLoad { user: user(at), system: 0.25, ..CoreLoad::default() };
            run.apply(Event::Cores { t_ns, loads: vec![load] });
        }
        run
    }

    #[test]
    fn a_sample_is_of_the_time_before_it() {
        let run = sampled(&[10, 20], |at| at as f32 * 0.5);
        let expected = [
            Step { from_ns: 0, to_ns: 10, user: 0.0, system: 0.25 },
            Step { from_ns: 10, to_ns: 20, user: 0.5, system: 0.25 },
        ];
        assert_eq!(steps(&run, 0, 100), expected);
    }

    #[test]
    fn too_many_samples_are_averaged_by_their_length() {
        let run = sampled(&[10, 40, 50, 60], |at| [1.0, 0.0, 0.5, 0.5][at]);
        let averaged = steps(&run, 0, 2);
        assert_eq!(averaged.len(), 2);
        assert_eq!((averaged[0].to_ns, averaged[0].user), (40, 0.25));
        assert_eq!((averaged[1].to_ns, averaged[1].user), (60, 0.5));
        let many: Vec<u64> = (1..=100_000).collect();
        assert!(steps(&sampled(&many, |_| 0.5), 0, 1000).len() <= 1000);
    }

    #[test]
    fn loads_that_cannot_be_stay_on_the_strip() {
        for (user, system) in [(7.0, 7.0), (-1.0, f32::NAN), (f32::INFINITY, 0.5), (0.8, 0.8)] {
            let [user, system] = shares(CoreLoad { user, system, ..CoreLoad::default() });
            assert!((0.0..=1.0).contains(&user) && (0.0..=1.0).contains(&(user + system)));
        }
    }
}
