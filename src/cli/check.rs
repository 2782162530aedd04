//! `tollgate check`: what of bundles is supported, in part, or not, and what they need.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use anstream::AutoStream;
use serde_json::{Value, json};

use crate::bundle::Limits;
use crate::cli::{
    CheckArguments, CheckFormat, CliError, FINE, REFUSED, bundles, ignore_closed_pipe, load,
};
use crate::config::Overrides;
use crate::deploy::{Checked, Found, UNREADABLE, check_path};
use crate::diag::{Diagnostics, SourceMap, bundle_json, render_short, visible};
use crate::lint::EnvironmentView;
use crate::lint::inventory::{
    Inventory, Need, NeedKind, Part, PartKind, Presence, Support, is_refusal,
};

pub(super) fn check(arguments: CheckArguments) -> Result<u8, CliError> {
    let overrides = Overrides { profile: arguments.profile, ..Overrides::default() };
    let config = load(arguments.config, &overrides)?;
    let paths = bundles::named(arguments.paths)?;
    let limits = Limits::default();
    let view = bundles::environment(&config, &paths, &limits);
    let judged: Vec<Judged> =
        paths.iter().map(|path| judge(path, check_path(path, &limits, &view), &view)).collect();
    let is_supported = judged.iter().all(Judged::is_supported);
    let text = match arguments.format {
        CheckFormat::Text => {
            let mut text = judged.iter().map(Judged::text).collect::<Vec<_>>().join("\n");
            if judged.len() > 1 {
                text.push_str(&summary(&judged));
            }
            text
        }
        CheckFormat::Json => {
            let bundles: Vec<Value> = judged.iter().map(Judged::json).collect();
            format!("{:#}\n", json!({"bundles": bundles, "supported": is_supported}))
        }
    };
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes()).or_else(ignore_closed_pipe)?;
    out.flush().or_else(ignore_closed_pipe)?;
    Ok(if is_supported { FINE } else { REFUSED })
}

/// One bundle or policy and what is to be said of it.
struct Judged {
    path: String,
    name: String,
    root: String,
    inventory: Inventory,
    /// Why the platform would not deploy it.
    refusals: Diagnostics,
    sources: SourceMap,
    verdict: Verdict,
}

/// What becomes of a bundle, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Runs,
    /// Once the environment has all that it names.
    RunsOnceProvided,
    /// Something in it has no effect here.
    RunsInPart,
    /// Something in it cannot be run here.
    Unsupported,
    /// The platform would not deploy it.
    Refused,
    /// There is nothing to judge.
    Unreadable,
}

impl Verdict {
    const ALL: [Self; 6] = [
        Self::Runs,
        Self::RunsOnceProvided,
        Self::RunsInPart,
        Self::Unsupported,
        Self::Refused,
        Self::Unreadable,
    ];

    fn of(inventory: &Inventory, refusals: &Diagnostics, is_read: bool) -> Self {
        let is_missing = |need: &Need| need.presence == Presence::Missing;
        match inventory.support() {
            _ if !is_read => Self::Unreadable,
            _ if !refusals.is_empty() => Self::Refused,
            Support::No => Self::Unsupported,
            Support::InPart => Self::RunsInPart,
            Support::Yes if inventory.needs.iter().any(is_missing) => Self::RunsOnceProvided,
            Support::Yes => Self::Runs,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::RunsOnceProvided => "runs, once the environment has what it lacks",
            Self::RunsInPart => "runs in part",
            Self::Unsupported => "does not run here",
            Self::Refused => "is refused by Apigee",
            Self::Unreadable => "cannot be read",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::RunsOnceProvided => "runs once provided",
            Self::RunsInPart => "runs in part",
            Self::Unsupported => "unsupported",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
        }
    }
}

fn judge(path: &Path, checked: Checked, view: &EnvironmentView) -> Judged {
    let diags = &checked.diags;
    let inventory = match &checked.found {
        Some(Found::Proxy { proxy, policies } | Found::SharedFlow { proxy, policies }) => {
            Inventory::of_bundle(proxy, policies, diags, view)
        }
        Some(Found::EnvironmentPolicy { head }) => Inventory::of_policy(head, diags, view),
        None => Inventory::default(),
    };
    let is_read = diags.iter().all(|found| found.code != UNREADABLE);
    let Checked { name, root, diags: mut refusals, sources, .. } = checked;
    refusals.retain(|found| is_refusal(found));
    let verdict = Verdict::of(&inventory, &refusals, is_read);
    let path = path.to_string_lossy().into_owned();
    Judged { path, name, root, inventory, refusals, sources, verdict }
}

impl Judged {
    fn is_supported(&self) -> bool {
        self.verdict <= Verdict::RunsOnceProvided
    }

    fn text(&self) -> String {
        let (path, name) = (visible(&self.path), visible(&self.name));
        let mut text = format!("{path} ({name}) {}\n", self.verdict.text());
        let parts: Vec<[String; 4]> = self.inventory.parts.iter().map(part_row).collect();
        write_table(&mut text, ["part", "", "count", "supported"], &parts);
        let needs: Vec<[String; 4]> = self.inventory.needs.iter().map(need_row).collect();
        write_table(&mut text, ["needs", "", "named by", "environment"], &needs);
        if !self.refusals.is_empty() {
            let whose = match self.verdict {
                Verdict::Unreadable => "why",
                _ => "why Apigee refuses it",
            };
            let _written = write!(text, "\n  {whose}\n");
            for line in render_short(&self.root, &self.refusals, &self.sources).lines() {
                let _written = writeln!(text, "  {line}");
            }
        }
        text
    }

    fn json(&self) -> Value {
        let refusals = bundle_json(&self.path, &self.name, &self.refusals, &self.sources);
        json!({
            "path": self.path,
            "name": self.name,
            "supported": self.is_supported(),
            "verdict": self.verdict.word(),
            "parts": self.inventory.parts.iter().map(part_json).collect::<Vec<_>>(),
            "needs": self.inventory.needs.iter().map(need_json).collect::<Vec<_>>(),
            "refusals": refusals["diagnostics"],
        })
    }
}

/// How many bundles share a verdict, and what is missing in how many of them.
fn summary(judged: &[Judged]) -> String {
    let mut text = String::from("\nall bundles\n\n");
    for verdict in Verdict::ALL {
        let count = judged.iter().filter(|bundle| bundle.verdict == verdict).count();
        if count > 0 {
            let _written = writeln!(text, "  {count:>5}  {}", verdict.text());
        }
    }
    let mut missing: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for part in judged.iter().flat_map(|bundle| &bundle.inventory.parts) {
        if part.support == Support::No {
            *missing.entry((part_kind(part.kind), &part.name)).or_default() += 1;
        }
    }
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_by_key(|(_, bundles)| std::cmp::Reverse(*bundles));
    let rows: Vec<[String; 4]> = missing
        .into_iter()
        .map(|((kind, name), bundles)| {
            [kind.to_owned(), visible(name), bundles.to_string(), String::new()]
        })
        .collect();
    write_table(&mut text, ["not supported", "", "bundles", ""], &rows);
    text
}

fn part_row(part: &Part) -> [String; 4] {
    let mut supported = support(part.support).to_owned();
    if part.support == Support::No && !part.names.is_empty() {
        let _written = write!(supported, ": {}", visible(&part.names.join(", ")));
    } else if !part.limits.is_empty() {
        let _written = write!(supported, ": {}", visible(&part.limits.join("; ")));
    }
    [part_kind(part.kind).to_owned(), visible(&part.name), part.count.to_string(), supported]
}

fn part_json(part: &Part) -> Value {
    json!({
        "kind": part_kind(part.kind),
        "name": part.name,
        "count": part.count,
        "supported": support(part.support),
        "names": part.names,
        "limits": part.limits,
    })
}

fn need_row(need: &Need) -> [String; 4] {
    let presence = match need.presence {
        Presence::Present => "has it",
        Presence::Missing => "lacks it",
        Presence::MadeOnUse => "makes it on first use",
        Presence::Unknown => "not asked",
    };
    let kind = need_kind(need.kind).to_owned();
    [kind, visible(&need.name), visible(&need.by.join(", ")), presence.to_owned()]
}

fn need_json(need: &Need) -> Value {
    let presence = match need.presence {
        Presence::Present => "present",
        Presence::Missing => "missing",
        Presence::MadeOnUse => "made on use",
        Presence::Unknown => "unknown",
    };
    let kind = need_kind(need.kind);
    json!({"kind": kind, "name": need.name, "by": need.by, "presence": presence})
}

fn part_kind(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Policy => "policy",
        PartKind::Connection => "connection",
        PartKind::Route => "route",
        PartKind::Function => "function",
        PartKind::File => "other",
    }
}

fn need_kind(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Cache => "cache",
        NeedKind::KeyValueMap => "key value map",
        NeedKind::ApiProduct => "API products",
        NeedKind::GoogleAccount => "Google account",
        NeedKind::Store => "key or trust store",
        NeedKind::Resource => "resource file",
        NeedKind::PropertySet => "property set",
        NeedKind::Backend => "backend",
        NeedKind::TargetServer => "target server",
        NeedKind::SharedFlow => "shared flow",
        NeedKind::EnvironmentPolicy => "environment policy",
    }
}

fn support(support: Support) -> &'static str {
    match support {
        Support::Yes => "yes",
        Support::InPart => "in part",
        Support::No => "no",
    }
}

/// Nothing where there are no rows.
fn write_table(out: &mut String, head: [&str; 4], rows: &[[String; 4]]) {
    if rows.is_empty() {
        return;
    }
    let head = head.map(str::to_owned);
    let width = |at: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    out.push('\n');
    for [a, b, c, d] in [&head].into_iter().chain(rows) {
        let line = format!("  {a:first$}  {b:second$}  {c:third$}  {d}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
