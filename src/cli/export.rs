//! `poolscope export`: a run file for other programs.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    str::FromStr,
};

use super::{CliError, EXIT_OK, args::ExportArgs, run_path};
use crate::{
    analysis::Observer,
    export::{self, Format, LogPattern, Plot, Table},
    record,
    spec::quoted,
};

pub(super) fn export(args: &ExportArgs) -> Result<u8, CliError> {
    let format = format_of(args)?;
    let file = record::read(&run_path(&args.file))?;
    if let Some(gap) = &file.gap {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {gap}", args.file.display())?;
    }
    // Nobody watched: what a session cost while the run went is not in its file.
    let observer = Observer::default();
    if args.output == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        match format.write(&file.store, observer, &file.label, &mut out).and_then(|()| out.flush()) {
            // The reader has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other?,
        }
    } else {
        export::export(&file.store, observer, &file.label, &format, &args.output)
            .map_err(|error| error.source)?;
    }
    Ok(EXIT_OK)
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
            return Err(not_allowed("format", other, &allowed));
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
