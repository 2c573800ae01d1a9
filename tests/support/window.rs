//! Drives the real window by the labels of its widgets, as a person would, over egui's inspection protocol.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui::accesskit::{self, Role};
use egui_inspection::{Request, Response, protocol, read_message, write_message};

use super::{assert_nothing_left, mark, until};

/// Longest wait for a widget to appear. Software rendering on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(40);

/// One widget of the window.
#[derive(Clone, Debug)]
pub(crate) struct Widget {
    pub(crate) role: Role,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) disabled: bool,
    /// On, where it can be on or off.
    pub(crate) on: bool,
    /// Left, top, right, bottom in points.
    pub(crate) bounds: accesskit::Rect,
}

impl Widget {
    pub(crate) fn centre(&self) -> eframe::egui::Pos2 {
        let accesskit::Rect { x0, y0, x1, y1 } = self.bounds;
        eframe::egui::pos2(f64::midpoint(x0, x1) as f32, f64::midpoint(y0, y1) as f32)
    }
}

pub(crate) struct Window {
    stream: TcpStream,
    child: Child,
    pub(crate) mark: String,
    /// Where the window keeps runs: nobody's own library is touched.
    data: Arc<tempfile::TempDir>,
}

/// Whether a window can open here. Where one must (`POOLSCOPE_REQUIRE_WINDOW`), its absence is a failure.
pub(crate) fn has_display() -> bool {
    let has =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var(name).is_ok_and(|v| !v.is_empty()));
    assert!(
        has || std::env::var_os("POOLSCOPE_REQUIRE_WINDOW").is_none(),
        "a window is required and there is no display"
    );
    has
}

impl Window {
    /// Opens the program's window at a size in points.
    pub(crate) fn open(size: (u32, u32)) -> Self {
        Self::open_with(size, &[])
    }

    /// Opens it with these arguments.
    pub(crate) fn open_with(size: (u32, u32), args: &[&Path]) -> Self {
        Self::open_in(size, args, Arc::new(super::folder()))
    }

    /// Closes the window and opens another of the same person.
    pub(crate) fn reopen(self, size: (u32, u32)) -> Self {
        let data = Arc::clone(&self.data);
        drop(self);
        Self::open_in(size, &[], data)
    }

    /// Another window of the same person, while this one is open.
    pub(crate) fn open_beside(&self, size: (u32, u32)) -> Self {
        Self::open_in(size, &[], Arc::clone(&self.data))
    }

    fn open_in(size: (u32, u32), args: &[&Path], data: Arc<tempfile::TempDir>) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mark = mark();
        let child = Command::new(env!("CARGO_BIN_EXE_poolscope"))
            .args(args)
            .env("POOLSCOPE_TEST_MARK", &mark)
            .env("XDG_DATA_HOME", data.path())
            .env("EGUI_INSPECTION", format!("127.0.0.1:{port}"))
            // No desktop services: dialogs must fall back to the window's own.
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the window's program starts");
        let began = Instant::now();
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(began.elapsed() < PATIENCE, "no window: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        protocol::read_handshake(&mut stream).expect("an inspected window");
        let mut window = Self { stream, child, mark, data };
        window.resize(size.0, size.1);
        window
    }

    fn ask(&mut self, request: &Request) -> Response {
        write_message(&mut self.stream, request).expect("the window listens");
        match read_message(&mut self.stream).expect("the window answers") {
            Response::Error { message } => panic!("{request:?}: {message}"),
            response => response,
        }
    }

    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        self.ask(&Request::Resize { width, height });
        // The window system resizes when it gets to it.
        std::thread::sleep(Duration::from_millis(300));
    }

    /// All that is told to those who do not see the window.
    pub(crate) fn tree(&mut self) -> accesskit::TreeUpdate {
        match self.ask(&Request::GetTree) {
            Response::Tree { accesskit: Some(tree), .. } => tree,
            _ => panic!("no tree came"),
        }
    }

    pub(crate) fn widgets(&mut self) -> Vec<Widget> {
        let Response::Tree { accesskit: Some(tree), .. } = self.ask(&Request::GetTree) else {
            return Vec::new();
        };
        tree.nodes
            .iter()
            .filter_map(|(_, node)| {
                Some(Widget {
                    role: node.role(),
                    label: node.label().unwrap_or_default().to_owned(),
                    value: node.value().unwrap_or_default().to_owned(),
                    disabled: node.is_disabled(),
                    on: node.toggled() == Some(accesskit::Toggled::True),
                    bounds: node.bounds()?,
                })
            })
            .collect()
    }

    /// The first widget that fits, waiting for it.
    pub(crate) fn wait_for(&mut self, what: &str, fits: impl Fn(&Widget) -> bool) -> Widget {
        let began = Instant::now();
        loop {
            let widgets = self.widgets();
            if let Some(widget) = widgets.iter().find(|widget| fits(widget)) {
                return widget.clone();
            }
            if began.elapsed() > PATIENCE {
                let known: Vec<String> = widgets
                    .iter()
                    .filter(|w| !w.label.is_empty() || !w.value.is_empty())
                    .map(|w| format!("{:?} {:?} {:?}", w.role, w.label, w.value))
                    .collect();
                panic!("no {what} within {PATIENCE:?}; there are\n{}", known.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The widget with exactly this label.
    pub(crate) fn find(&mut self, label: &str) -> Widget {
        self.wait_for(label, |widget| widget.label == label)
    }

    /// Waits for a text anywhere in a label or a value.
    pub(crate) fn wait_text(&mut self, text: &str) -> Widget {
        self.wait_for(text, |widget| widget.label.contains(text) || widget.value.contains(text))
    }

    /// Waits until no widget has this text.
    pub(crate) fn wait_gone(&mut self, text: &str) {
        until(&format!("{text} is gone"), PATIENCE, || {
            let gone = self
                .widgets()
                .iter()
                .all(|widget| !widget.label.contains(text) && !widget.value.contains(text));
            gone.then_some(())
        });
    }

    pub(crate) fn events(&mut self, events: Vec<eframe::egui::Event>) {
        self.ask(&Request::ApplyEvents { events });
    }

    pub(crate) fn click_at(&mut self, pos: eframe::egui::Pos2) {
        let button = |pressed| eframe::egui::Event::PointerButton {
            pos,
            button: eframe::egui::PointerButton::Primary,
            pressed,
            modifiers: eframe::egui::Modifiers::NONE,
        };
        self.events(vec![eframe::egui::Event::PointerMoved(pos)]);
        self.events(vec![button(true)]);
        self.events(vec![button(false)]);
    }

    /// Drags from one place to another, in steps, as a hand does.
    pub(crate) fn drag(&mut self, from: eframe::egui::Pos2, to: eframe::egui::Pos2) {
        let button = |pos, pressed| eframe::egui::Event::PointerButton {
            pos,
            button: eframe::egui::PointerButton::Primary,
            pressed,
            modifiers: eframe::egui::Modifiers::NONE,
        };
        self.events(vec![eframe::egui::Event::PointerMoved(from)]);
        self.events(vec![button(from, true)]);
        for step in 1..=10 {
            let pos = from.lerp(to, step as f32 / 10.0);
            self.events(vec![eframe::egui::Event::PointerMoved(pos)]);
        }
        self.events(vec![button(to, false)]);
    }

    /// Turns the wheel at a place by so many points.
    pub(crate) fn scroll(&mut self, at: eframe::egui::Pos2, points: f32) {
        self.events(vec![eframe::egui::Event::PointerMoved(at)]);
        self.events(vec![eframe::egui::Event::MouseWheel {
            unit: eframe::egui::MouseWheelUnit::Point,
            delta: eframe::egui::vec2(0.0, points),
            phase: eframe::egui::TouchPhase::Move,
            source: eframe::egui::MouseWheelSource::Wheel,
            modifiers: eframe::egui::Modifiers::NONE,
        }]);
    }

    /// Clicks the enabled widget with exactly this label, once it stands still: a window that opens is laid out twice.
    pub(crate) fn click(&mut self, label: &str) {
        let find =
            |window: &mut Self| window.wait_for(label, |widget| widget.label == label && !widget.disabled);
        let mut widget = find(self);
        loop {
            let again = find(self);
            if again.bounds == widget.bounds {
                break;
            }
            widget = again;
        }
        self.click_at(widget.centre());
    }

    pub(crate) fn hover(&mut self, pos: eframe::egui::Pos2) {
        self.events(vec![eframe::egui::Event::PointerMoved(pos)]);
        // Tooltips wait for the pointer to rest.
        std::thread::sleep(Duration::from_millis(700));
        self.events(vec![eframe::egui::Event::PointerMoved(pos + eframe::egui::vec2(0.5, 0.0))]);
    }

    pub(crate) fn key(&mut self, key: eframe::egui::Key, modifiers: eframe::egui::Modifiers) {
        for pressed in [true, false] {
            self.events(vec![eframe::egui::Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers,
            }]);
        }
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        self.events(vec![eframe::egui::Event::Text(text.to_owned())]);
    }

    /// Replaces the text of the field with this label.
    pub(crate) fn fill(&mut self, label: &str, text: &str) {
        self.click(label);
        self.key(eframe::egui::Key::A, eframe::egui::Modifiers::COMMAND);
        self.type_text(text);
        self.key(eframe::egui::Key::Tab, eframe::egui::Modifiers::NONE);
    }

    /// A picture of the window, as a PNG file.
    pub(crate) fn shot(&mut self, path: &Path) {
        let Response::Screenshot(png) = self.ask(&Request::GetScreenshot { pixels_per_point: None }) else {
            panic!("no picture came");
        };
        std::fs::write(path, png.bytes).expect("the picture can be written");
    }

    /// Takes its library away while it is open.
    pub(crate) fn lose_library(&self) {
        std::fs::remove_dir_all(self.data.path()).expect("it can be removed");
    }

    /// The file in which it remembers how it was.
    pub(crate) fn memory(&self) -> std::path::PathBuf {
        self.data.path().join("poolscope/window.json")
    }

    /// The folder of its library.
    pub(crate) fn library(&self) -> std::path::PathBuf {
        self.data.path().join("poolscope/runs")
    }

    /// The run files of its library.
    pub(crate) fn kept(&self) -> Vec<std::path::PathBuf> {
        let files = std::fs::read_dir(self.library()).expect("the library");
        let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "pscope"));
        files.sort();
        files
    }

    /// The folders of its experiments.
    pub(crate) fn experiments(&self) -> Vec<std::path::PathBuf> {
        let folders = std::fs::read_dir(self.data.path().join("poolscope/experiments")).expect("experiments");
        folders.flatten().map(|folder| folder.path()).collect()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the window, as a crash would, and checks that nothing of it is left.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be reaped");
        assert_nothing_left(&self.mark);
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // After a failed test the window must not stay.
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
