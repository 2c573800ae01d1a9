//! `poolscope export`: a file of a run or an experiment for other programs.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    str::FromStr,
};

use super::{CliError, EXIT_OK, Kept, args::ExportArgs, kept};
use crate::{
    analysis::Observer,
    experiment,
    export::{self, ExperimentFormat, Format, LogPattern, Plot, Table},
    record,
    spec::quoted,
};

pub(super) fn export(args: &ExportArgs) -> Result<u8, CliError> {
    match kept(&args.file)? {
        Kept::Run(path) => export_run(args, &path),
        Kept::Experiment(path) => export_experiment(args, &path),
    }
}

fn export_run(args: &ExportArgs, path: &Path) -> Result<u8, CliError> {
    let format = format_of(args)?;
    let file = record::read(path)?;
    if let Some(gap) = &file.gap {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {gap}", args.file.display())?;
    }
    // Nobody watched: what a session cost while the run went is not in its file.
    let observer = Observer::default();
    if args.output == Path::new("-") {
        print(|out| format.write(&file.store, observer, &file.label, out))?;
    } else {
        export::export(&file.store, observer, &file.label, &format, &args.output)
            .map_err(|error| error.source)?;
    }
    Ok(EXIT_OK)
}

fn export_experiment(args: &ExportArgs, path: &Path) -> Result<u8, CliError> {
    let flags = [("pattern", &args.pattern), ("table", &args.table), ("plot", &args.plot)];
    if let Some((flag, _)) = flags.into_iter().find(|(_, given)| given.is_some()) {
        return Err(CliError::Usage(format!(
            "--{flag} belongs to the export of a run, not of an experiment"
        )));
    }
    let format: ExperimentFormat = args.format.parse().map_err(|allowed: String| {
        not_allowed("format", &args.format, &format!("{allowed} (for an experiment)"))
    })?;
    let experiment = experiment::read(path)?;
    let (report, cover) = (experiment.report(), experiment.cover());
    if args.output == Path::new("-") {
        print(|out| format.write(&report, &cover, out))?;
    } else {
        export::export_experiment(&report, &cover, format, &args.output).map_err(|error| error.source)?;
    }
    Ok(EXIT_OK)
}

fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn format_of(args: &ExportArgs) -> Result<Format, CliError> {
    for (flag, given, format) in [
        ("pattern", args.pattern.is_some(), "log"),
        ("table", args.table.is_some(), "csv"),
        ("plot", args.plot.is_some(), "svg"),
    ] {
        if given && args.format != format {
            return Err(CliError::Usage(format!(
                "--{flag} belongs to --format {format}, not to {}",
                args.format
            )));
        }
    }
    Ok(match args.format.as_str() {
        "log" => Format::Log(args.pattern.as_deref().map_or_else(|| Ok(LogPattern::default()), pattern)?),
        "csv" => Format::Csv(named::<Table>("table", args.table.as_deref())?),
        "json" => Format::Json,
        "jsonl" => Format::Jsonl,
        "trace" => Format::Trace,
        "joblog" => Format::Joblog,
        "svg" => Format::Svg(named::<Plot>("plot", args.plot.as_deref())?),
        "html" => Format::Html,
        other => {
            let allowed = Format::NAMES.join(", ");
            return Err(not_allowed("format", other, &format!("{allowed} (for a run)")));
        }
    })
}

fn pattern(text: &str) -> Result<LogPattern, CliError> {
    LogPattern::parse(text).map_err(CliError::Usage)
}

fn named<T: FromStr<Err = String> + Default>(flag: &str, text: Option<&str>) -> Result<T, CliError> {
    text.map_or_else(
        || Ok(T::default()),
        |text| text.parse().map_err(|allowed: String| not_allowed(flag, text, &allowed)),
    )
}

fn not_allowed(flag: &str, value: &str, allowed: &str) -> CliError {
    CliError::Usage(format!("{flag}: {} is not allowed; allowed: {allowed}", quoted(value)))
}
