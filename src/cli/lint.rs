//! `tollgate lint`: what is wrong with bundles, for people and for programs.

use std::io::{self, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use serde_json::{Value, json};

use crate::bundle::Limits;
use crate::cli::fix::{Mended, Mode};
use crate::cli::{
    CliError, FINE, Format, LintArguments, REFUSED, bundles, ignore_closed_pipe, load,
};
use crate::config::Overrides;
use crate::deploy::{Checked, check_path, fix_path};
use crate::diag::{
    Failing, JunitReport, SarifLog, Severity, Style, bundle_json, catalogue, render_github,
    render_short, render_text,
};
use crate::lint::{LintOptions, RcFile};
use crate::profile::Profile;

pub(super) fn lint(arguments: LintArguments) -> Result<u8, CliError> {
    let overrides = Overrides { profile: arguments.profile, ..Overrides::default() };
    let config = load(arguments.config, &overrides)?;
    let paths = bundles::named(arguments.paths)?;
    let limits = Limits::default();
    let mut view = bundles::environment(&config, &paths, &limits);
    view.flags = LintOptions {
        excluded: arguments.excluded.map(|codes| codes.into_iter().collect()),
        warnings_max: arguments.max_warnings,
        profile: arguments.profile.map(Profile::from),
        ..LintOptions::default()
    };
    view.rc_file = if arguments.no_rc { RcFile::Ignored } else { RcFile::Read };
    let mut totals = Totals::default();
    let failing =
        if arguments.warnings_as_errors { Failing::ErrorsAndWarnings } else { Failing::Errors };
    let mut report = Report::new(arguments.format, failing);
    let mode = arguments.fix.then_some(if arguments.diff { Mode::Diff } else { Mode::Write });
    let mut mended = Mended::default();
    for path in &paths {
        let checked = match mode {
            Some(mode) => {
                let fixed = fix_path(path, &limits, &view);
                mended.take(&fixed, &path.to_string_lossy(), mode)?;
                fixed.checked
            }
            None => check_path(path, &limits, &view),
        };
        totals.add(&checked);
        if mode != Some(Mode::Diff) {
            report.bundle(path, &checked)?;
        }
    }
    if mode != Some(Mode::Diff) {
        report.end(&totals)?;
    }
    if let Some(mode) = mode {
        anstream::eprintln!("{}", mended.summary(mode));
    }
    anstream::eprintln!("{}", totals.summary(paths.len(), mode));
    let is_refused = totals.errors > 0
        || totals.too_many_warnings > 0
        || (arguments.warnings_as_errors && totals.warnings > 0)
        || (mode == Some(Mode::Diff) && !mended.is_nothing());
    Ok(if is_refused { REFUSED } else { FINE })
}

#[derive(Debug, Default)]
struct Totals {
    errors: usize,
    warnings: usize,
    /// Past the number of findings that are kept of one bundle.
    dropped: usize,
    /// Bundles with more warnings than they may have.
    too_many_warnings: usize,
    /// Of those that are kept, what `--fix` can mend.
    fixable: usize,
}

impl Totals {
    fn add(&mut self, checked: &Checked) {
        let diags = &checked.diags;
        let is_over = checked.warnings_max.is_some_and(|max| diags.count(Severity::Warning) > max);
        self.too_many_warnings += usize::from(is_over);
        self.errors += diags.count(Severity::Error);
        self.warnings += diags.count(Severity::Warning);
        self.dropped += diags.dropped();
        self.fixable += diags.iter().filter(|found| !found.fix.is_empty()).count();
        // An error past those that are kept still refuses the bundle.
        if diags.has_errors() && diags.count(Severity::Error) == 0 {
            self.errors += 1;
        }
    }

    fn summary(&self, bundles: usize, mode: Option<Mode>) -> String {
        let mut text = [(bundles, "bundle"), (self.errors, "error"), (self.warnings, "warning")]
            .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
            .join(", ");
        if self.dropped > 0 {
            text.push_str(&format!(", {} more not shown", self.dropped));
        }
        if self.fixable > 0 && mode.is_none() {
            text.push_str(&format!("; `--fix` mends {}", self.fixable));
        }
        if self.too_many_warnings > 0 {
            let count = self.too_many_warnings;
            let noun = if count == 1 { "bundle" } else { "bundles" };
            text.push_str(&format!("; {count} {noun} with more warnings than allowed"));
        }
        text
    }
}

/// Writes findings to standard output in one format.
struct Report {
    form: Form,
    out: AutoStream<io::StdoutLock<'static>>,
}

/// A format, with what it keeps until every bundle is judged.
enum Form {
    Text(Style),
    Short,
    Github,
    Json(Vec<Value>),
    Sarif(SarifLog),
    Junit(JunitReport),
}

impl Report {
    fn new(format: Format, failing: Failing) -> Self {
        let out = AutoStream::auto(io::stdout().lock());
        let style = match out.current_choice() {
            ColorChoice::Never => Style::Plain,
            ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => Style::Colored,
        };
        let form = match format {
            Format::Text => Form::Text(style),
            Format::Short => Form::Short,
            Format::Github => Form::Github,
            Format::Json => Form::Json(Vec::new()),
            Format::Sarif => Form::Sarif(SarifLog::default()),
            Format::Junit => Form::Junit(JunitReport::new(failing)),
        };
        Self { form, out }
    }

    fn bundle(&mut self, path: &Path, checked: &Checked) -> Result<(), CliError> {
        let Checked { name, root, diags, sources, .. } = checked;
        let path = path.to_string_lossy();
        let text = match &mut self.form {
            Form::Text(style) => render_text(root, diags, sources, *style),
            Form::Short => render_short(root, diags, sources),
            Form::Github => render_github(&path, root, diags, sources),
            Form::Json(bundles) => {
                bundles.push(bundle_json(&path, name, diags, sources));
                return Ok(());
            }
            Form::Sarif(log) => {
                log.add(&path, root, diags, sources);
                return Ok(());
            }
            Form::Junit(report) => {
                report.add(&path, root, diags, sources);
                return Ok(());
            }
        };
        self.write(&text)
    }

    fn end(mut self, totals: &Totals) -> Result<(), CliError> {
        let text = match std::mem::replace(&mut self.form, Form::Short) {
            Form::Text(_) | Form::Short | Form::Github => String::new(),
            Form::Json(bundles) => {
                let (errors, warnings) = (totals.errors, totals.warnings);
                let object = json!({"bundles": bundles, "errors": errors, "warnings": warnings});
                format!("{object:#}\n")
            }
            Form::Sarif(log) => {
                format!("{:#}\n", log.into_json(|code| catalogue::find(code).map(|row| row.what)))
            }
            Form::Junit(report) => report.into_xml().map_err(CliError::Write)?,
        };
        self.write(&text)?;
        self.out.flush().or_else(ignore_closed_pipe)
    }

    fn write(&mut self, text: &str) -> Result<(), CliError> {
        self.out.write_all(text.as_bytes()).or_else(ignore_closed_pipe)
    }
}
