//! Colours and type of the pictures, as CSS. Nothing else here names a colour.

/// Colours for one ground.
pub(crate) struct Palette {
    paper: &'static str,
    plot: &'static str,
    lane: &'static str,
    grid: &'static str,
    text: &'static str,
    weak: &'static str,
    /// Of patterns, and of text on bars.
    ink: &'static str,
    ok: &'static str,
    running: &'static str,
    failed: &'static str,
    crashed: &'static str,
    timed_out: &'static str,
    cancelled: &'static str,
    starting: &'static str,
    lock: &'static str,
    user: &'static str,
    system: &'static str,
}

pub(crate) const LIGHT: Palette = Palette {
    paper: "#ffffff",
    plot: "#f6f7f9",
    lane: "#eceff2",
    grid: "#d0d6dc",
    text: "#1a2026",
    weak: "#55606a",
    ink: "#ffffff",
    ok: "#0072b2",
    running: "#c97d00",
    failed: "#c24b00",
    crashed: "#a84480",
    timed_out: "#857800",
    cancelled: "#707880",
    starting: "#b8c0c8",
    lock: "#cfdfeb",
    user: "#0072b2",
    system: "#d98200",
};

pub(crate) const DARK: Palette = Palette {
    paper: "#1d2228",
    plot: "#14181d",
    lane: "#1f252d",
    grid: "#38414c",
    text: "#e4e8ec",
    weak: "#a4aeb8",
    ink: "#080c10",
    ok: "#56b4e9",
    running: "#e69f00",
    failed: "#f27b3a",
    crashed: "#e08cbb",
    timed_out: "#f0e442",
    cancelled: "#9aa2ab",
    starting: "#4d5662",
    lock: "#223547",
    user: "#56b4e9",
    system: "#e69f00",
};

/// The rules for all pictures, for one ground.
pub(crate) fn style(palette: &Palette) -> String {
    let Palette { paper, plot, lane, grid, text, weak, ink, .. } = palette;
    let Palette { ok, running, failed, crashed, timed_out, cancelled, starting, lock, user, system, .. } =
        palette;
    let fills: String = [
        ("paper", paper),
        ("plot", plot),
        ("lane", lane),
        ("ok", ok),
        ("running", running),
        ("failed", failed),
        ("crashed", crashed),
        ("timed-out", timed_out),
        ("cancelled", cancelled),
        ("starting", starting),
        ("lock", lock),
        ("user", user),
        ("system", system),
        ("dot", ink),
        ("on-bar", ink),
        ("title", text),
        ("name", text),
        ("weak", weak),
    ]
    .map(|(class, colour)| format!("svg .{class}{{fill:{colour}}}"))
    .concat();
    let strokes: String = [
        ("grid", grid, "1"),
        ("axis", weak, "1"),
        ("ink", ink, "1.4"),
        ("level", weak, "0.7"),
        ("edge", text, "2"),
        ("event", weak, "1.2;stroke-dasharray:5 3"),
        ("death", text, "2"),
        ("veil-ink", weak, "0.6"),
        ("outline", weak, "1"),
        ("whisker", text, "1.4"),
        ("hollow", ok, "1.5"),
        ("cross", failed, "2"),
        ("joined", ok, "1.4"),
        ("ideal", weak, "1.3;stroke-dasharray:2 4"),
        ("amdahl", failed, "1.8;stroke-dasharray:9 4"),
        ("usl", crashed, "1.8"),
    ]
    .map(|(class, colour, width)| format!("svg .{class}{{stroke:{colour};stroke-width:{width};fill:none}}"))
    .concat();
    format!(
        "svg text{{font:12px system-ui,\"DejaVu Sans\",\"Liberation Sans\",sans-serif}}\
         svg .title{{font-size:17px;font-weight:600}}svg .small{{font-size:10.5px}}\
         svg .veil{{fill:{grid};fill-opacity:.35}}{fills}\
         svg .halo{{fill:{text};stroke:{plot};stroke-width:4;paint-order:stroke}}{strokes}"
    )
}
