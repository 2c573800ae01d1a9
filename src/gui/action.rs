//! What a view may ask for. Views return these; only [`super::app::App`] carries them out.

use std::path::PathBuf;

use eframe::egui::ThemePreference;
use serde::{Deserialize, Serialize};

use super::{
    experiments::Inquiry, lessons::LessonAction, notices::NoticeId, plots::Align, questions::Question,
    replay::Control, runs::RunId, shelf::Job,
};
use crate::{
    analysis::{Evidence, Part},
    export::{Plot, Table},
    ids::WorkerId,
    library,
    spec::Spec,
};

/// A part of the window's centre that can be moved, closed and opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Panel {
    Cpu,
    Queue,
    Timeline,
    Workers,
    Log,
    Result,
    Compare,
    /// The runs that are kept on this machine.
    Runs,
    /// Why a run took as long as it did.
    Verdict,
    Experiment,
}

impl Panel {
    pub(crate) const ALL: [Self; 10] = [
        Self::Cpu,
        Self::Queue,
        Self::Timeline,
        Self::Workers,
        Self::Log,
        Self::Result,
        Self::Compare,
        Self::Runs,
        Self::Verdict,
        Self::Experiment,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU per core",
            Self::Queue => "Queue",
            Self::Timeline => "Timeline",
            Self::Workers => "Workers table",
            Self::Log => "Log",
            Self::Result => "Result",
            Self::Compare => "Compare",
            Self::Runs => "Runs",
            Self::Verdict => "Verdict",
            Self::Experiment => "Experiment",
        }
    }

    /// It shows time from left to right, on the axis that all of these share.
    pub(crate) fn is_plot(self) -> bool {
        matches!(self, Self::Cpu | Self::Queue | Self::Timeline)
    }
}

/// What can be written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    Page,
    Log,
    /// What the processes of a lesson logged, and nothing else.
    LessonLog,
    Table(Table),
    Json,
    JsonLines,
    Trace,
    Joblog,
    Svg(Plot),
    TimelinePng,
    PlotsPng,
    /// The run as it was recorded.
    RunFile,
}

impl ExportKind {
    /// As the menu shows them: to read, for spreadsheets, for programs, pictures, the run itself.
    pub(crate) const GROUPS: [&[Self]; 5] = [
        &[Self::Page, Self::Log],
        &[
            Self::Table(Table::Tasks),
            Self::Table(Table::Cores),
            Self::Table(Table::Workers),
            Self::Table(Table::Queue),
            Self::Table(Table::Log),
        ],
        &[Self::Json, Self::JsonLines, Self::Trace, Self::Joblog],
        &[
            Self::Svg(Plot::Timeline),
            Self::Svg(Plot::Cores),
            Self::Svg(Plot::Queue),
            Self::TimelinePng,
            Self::PlotsPng,
        ],
        &[Self::RunFile],
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Page => "Report HTML",
            Self::Log => "Log",
            Self::LessonLog => "Lesson log",
            Self::Table(Table::Tasks) => "Tasks CSV",
            Self::Table(Table::Cores) => "Cores CSV",
            Self::Table(Table::Workers) => "Workers CSV",
            Self::Table(Table::Queue) => "Queue CSV",
            Self::Table(Table::Log) => "Log CSV",
            Self::Json => "Run JSON",
            Self::JsonLines => "JSON lines",
            Self::Trace => "Trace for Perfetto",
            Self::Joblog => "Job log",
            Self::Svg(Plot::Timeline) => "Timeline SVG",
            Self::Svg(Plot::Cores) => "Cores SVG",
            Self::Svg(Plot::Queue) => "Queue SVG",
            Self::TimelinePng => "Timeline PNG",
            Self::PlotsPng => "Plots PNG",
            Self::RunFile => "Run",
        }
    }

    pub(crate) fn menu_text(self) -> String {
        match self {
            Self::RunFile => "Save run as…".to_owned(),
            other => format!("{}…", other.label()),
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Page => "One page with numbers, plots, timeline and log, to read, print or send",
            Self::Log => "Every log line as text, in order of time, in a pattern of your choice",
            Self::LessonLog => "What the processes of the lesson logged, as its file would have it",
            Self::Table(Table::Tasks) => "One row for every attempt of every task, with its times",
            Self::Table(Table::Cores) => "One row for each core and sample: user, system, iowait, steal",
            Self::Table(Table::Workers) => {
                "One row for each sample of a worker or the engine: CPU, memory, state"
            }
            Self::Table(Table::Queue) => "One row for each sample of the queue: waiting, handed out, done",
            Self::Table(Table::Log) => "One row for each log line",
            Self::Json => "Spec, machine, counts and summary as one JSON object",
            Self::JsonLines => "Everything that happened, one JSON object a line, in order of time",
            Self::Trace => "Chrome trace JSON: drop it on ui.perfetto.dev",
            Self::Joblog => "The job log of GNU parallel, as its --resume reads it",
            Self::Svg(Plot::Timeline) => "The whole timeline as a picture that scales",
            Self::Svg(Plot::Cores) => "The load of every core as a picture that scales",
            Self::Svg(Plot::Queue) => "The queue as a picture that scales",
            Self::TimelinePng => "A picture of the timeline as it stands in the window",
            Self::PlotsPng => "A picture of the CPU and queue plots as they stand in the window",
            Self::RunFile => "A copy of the run's file: all of it, to be opened again or queried with SQLite",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Page => "html",
            Self::Log => "log",
            Self::LessonLog => "txt",
            Self::Table(_) => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Trace => "trace.json",
            Self::Joblog => "joblog",
            Self::Svg(_) => "svg",
            Self::TimelinePng | Self::PlotsPng => "png",
            Self::RunFile => library::EXTENSION,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Start what the form says.
    Run,
    /// The form's pool as processes, then as threads, then compare.
    RunBoth,
    TogglePause,
    /// Show in the timeline when workers' time went into this part, or no part any longer.
    Light(Option<Part>),
    /// Show where in the run this is seen.
    ShowEvidence(Evidence),
    /// Fill the form with this.
    SetUp(Box<Spec>),
    /// Begin the experiment that the panel says.
    StartExperiment,
    /// Begin the experiment that answers this.
    Inquire(Inquiry),
    /// Look which experiments are kept.
    ListExperiments,
    /// Show an experiment that is kept.
    OpenExperiment(PathBuf),
    /// Show the list of experiments that are kept, or that of runs.
    ShowKept {
        experiments: bool,
    },
    /// Have the desktop show this folder.
    OpenFolder(PathBuf),
    /// Write the report of the experiment beside its runs.
    SaveReport,
    /// So many workers for the live run.
    Resize(u32),
    /// So many workers more for the live run, or fewer.
    Step(i32),
    Stop,
    Kill(WorkerId, i32),
    /// Show the whole run.
    Fit,
    /// Back to the view before, or forward again.
    Retrace {
        back: bool,
    },
    /// Begin the marked range at the cursor, or end it there.
    Mark {
        start: bool,
    },
    /// Look for something in the timeline.
    Find,
    /// A lane for every core in the timeline, or one for every worker.
    ToggleByCore,
    /// Keep the newest moment in view, or no longer.
    ToggleFollow,
    /// Fill the form from a preset, by its place in the list.
    PickPreset(usize),
    /// Fill the form from a spec that was run before, by its place in the list.
    PickRecent(usize),
    /// The form as it was before the last edit.
    Undo,
    Redo,
    /// Open this panel and put it in front.
    ShowPanel(Panel),
    /// Open this panel where it was, or close it.
    SetPanel(Panel, bool),
    /// Open the setup at the left, or close it.
    ToggleSetup,
    /// All panels where they are at first.
    ResetLayout,
    /// Lay two runs under each other, or show one again.
    ToggleCompared,
    /// Show this run in the centre.
    ShowRun(RunId),
    CompareLeft(RunId),
    CompareRight(RunId),
    /// What two runs that are compared have under each other.
    SetAlign(Align),
    /// Set the runs that are chosen in the library against one another, in a table.
    CompareChosen,
    /// Set the others in that table against this column.
    CompareBase(usize),
    CloseSeveral,
    /// Read these run files, and show them.
    OpenRuns(Vec<PathBuf>),
    /// Let a person choose run files.
    ChooseRuns,
    /// Fill the form with what the shown run was made from.
    UseSpec,
    /// Do this with the library of runs.
    Order(Job),
    Ask(Question),
    CloseQuestion,
    /// On the page of lessons.
    Lesson(LessonAction),
    /// Of the shown run.
    Replay(Control),
    OpenExportMenu,
    /// Ask where to write this.
    Export(ExportKind),
    /// Open the system's dialog for the export in hand.
    BrowseExport,
    /// The export window's path was confirmed.
    SaveExport(PathBuf),
    CancelExport,
    SetTheme(ThemePreference),
    /// Open the list of commands, or close it.
    TogglePalette,
    DismissError(NoticeId),
    DismissErrors,
    /// What went well need not be told any longer.
    Hush,
    /// Paint once a second, or as often as the budget allows.
    ToggleQuiet,
    Copy(String),
    /// Quit, after a question if a run is going.
    Quit,
    ConfirmQuit,
    CancelQuit,
}

/// What a view collects while it is drawn.
pub(crate) type Actions = Vec<Action>;
