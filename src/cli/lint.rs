//! `tollgate lint`: what is wrong with bundles, for people and for programs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use serde_json::{Value, json};

use crate::bundle::{BundleKind, Limits};
use crate::cli::{CliError, FINE, Format, LintArguments, REFUSED, ignore_closed_pipe, load};
use crate::config::{Config, Overrides, Unsupported};
use crate::deploy::watch::{entries, holds_bundle};
use crate::deploy::{Checked, Found, check_path};
use crate::diag::{
    Diagnostics, Failing, JunitReport, SarifLog, Severity, Style, bundle_json, catalogue,
    render_github, render_short, render_text,
};
use crate::lint::EnvironmentView;

pub(super) fn lint(arguments: LintArguments) -> Result<u8, CliError> {
    let overrides = Overrides { profile: arguments.profile, ..Overrides::default() };
    let config = load(arguments.config, &overrides)?;
    let mut paths = Vec::new();
    for path in arguments.paths {
        expand(path, &mut paths)?;
    }
    let limits = Limits::default();
    let view = environment(&config, &paths, &limits);
    let mut totals = Totals::default();
    let failing =
        if arguments.warnings_as_errors { Failing::ErrorsAndWarnings } else { Failing::Errors };
    let mut report = Report::new(arguments.format, failing);
    for path in &paths {
        let checked = check_path(path, &limits, &view);
        totals.add(&checked.diags);
        report.bundle(path, &checked)?;
    }
    report.end(&totals)?;
    anstream::eprintln!("{}", totals.summary(paths.len()));
    let is_refused = totals.errors > 0 || (arguments.warnings_as_errors && totals.warnings > 0);
    Ok(if is_refused { REFUSED } else { FINE })
}

/// The environment of the configuration, with the shared flows and environment policies that
/// lie in its folders or are judged along.
fn environment(config: &Config, paths: &[PathBuf], limits: &Limits) -> EnvironmentView {
    let mut view = EnvironmentView::new(&config.organization, &config.environment, config.profile);
    view.unsupported_faults = config.deploy.unsupported == Unsupported::Fault;
    view.caches = config.caches.iter().map(|cache| cache.name.clone()).collect();
    // A folder that cannot be read adds nothing; serving says so.
    let deployed = config.deploy.folders.iter().filter_map(|folder| entries(folder).ok());
    let deployed = deployed.flatten().map(|entry| entry.path);
    let mut known = view.clone();
    for path in deployed.chain(paths.iter().cloned()) {
        let checked = check_path(&path, limits, &view);
        match checked.found {
            Some(Found::SharedFlow { .. }) => known.shared_flows.insert(checked.name),
            Some(Found::EnvironmentPolicy { .. }) => {
                known.environment_policies.insert(checked.name)
            }
            Some(Found::Proxy { .. }) | None => continue,
        };
    }
    known
}

/// A folder of bundles stands for each of them, by path.
fn expand(path: PathBuf, paths: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let failed = |source| CliError::Read { path: path.clone(), source };
    let is_folder = fs::metadata(&path).map_err(failed)?.is_dir();
    if !is_folder {
        let is_bundle = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("zip") || extension == "xml");
        return if is_bundle {
            paths.push(path);
            Ok(())
        } else {
            Err(CliError::NoBundle { path })
        };
    }
    let is_root = |kind: BundleKind| path.file_name().is_some_and(|name| name == kind.root());
    if holds_bundle(&path) || BundleKind::ALL.into_iter().any(is_root) {
        paths.push(path);
        return Ok(());
    }
    let found = entries(&path).map_err(failed)?;
    if found.is_empty() {
        return Err(CliError::NoBundle { path });
    }
    paths.extend(found.into_iter().map(|entry| entry.path));
    Ok(())
}

#[derive(Debug, Default)]
struct Totals {
    errors: usize,
    warnings: usize,
    /// Past the number of findings that are kept of one bundle.
    dropped: usize,
}

impl Totals {
    fn add(&mut self, diags: &Diagnostics) {
        self.errors += diags.count(Severity::Error);
        self.warnings += diags.count(Severity::Warning);
        self.dropped += diags.dropped();
        // An error past those that are kept still refuses the bundle.
        if diags.has_errors() && diags.count(Severity::Error) == 0 {
            self.errors += 1;
        }
    }

    fn summary(&self, bundles: usize) -> String {
        let mut text = [(bundles, "bundle"), (self.errors, "error"), (self.warnings, "warning")]
            .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
            .join(", ");
        if self.dropped > 0 {
            text.push_str(&format!(", {} more not shown", self.dropped));
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
