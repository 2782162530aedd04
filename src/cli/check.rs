//! `tollgate check`: what of bundles is supported, in part, or not, and what they need.

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
use crate::deploy::{Checked, Found, check_path};
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
        CheckFormat::Text => judged.iter().map(Judged::text).collect::<Vec<_>>().join("\n"),
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
    let Checked { name, root, diags: mut refusals, sources, .. } = checked;
    refusals.retain(|found| is_refusal(found));
    Judged { path: path.to_string_lossy().into_owned(), name, root, inventory, refusals, sources }
}

impl Judged {
    fn is_supported(&self) -> bool {
        self.inventory.support() == Support::Yes && self.refusals.is_empty()
    }

    fn text(&self) -> String {
        let mut text = format!("{} ({})\n", visible(&self.path), visible(&self.name));
        let parts: Vec<[String; 4]> = self.inventory.parts.iter().map(part_row).collect();
        write_table(&mut text, ["part", "", "count", "supported"], &parts);
        let needs: Vec<[String; 4]> = self.inventory.needs.iter().map(need_row).collect();
        write_table(&mut text, ["needs", "", "named by", "environment"], &needs);
        if !self.refusals.is_empty() {
            text.push_str("\n  Apigee refuses it:\n");
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
            "parts": self.inventory.parts.iter().map(part_json).collect::<Vec<_>>(),
            "needs": self.inventory.needs.iter().map(need_json).collect::<Vec<_>>(),
            "refusals": refusals["diagnostics"],
        })
    }
}

fn part_row(part: &Part) -> [String; 4] {
    let mut supported = support(part.support).to_owned();
    if !part.limits.is_empty() {
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
        "limits": part.limits,
    })
}

fn need_row(need: &Need) -> [String; 4] {
    let presence = match need.presence {
        Presence::Present => "has it",
        Presence::Missing => "lacks it",
        Presence::MadeOnUse => "makes it on first use",
        Presence::Unknown => "not known",
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
