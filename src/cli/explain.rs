//! `tollgate explain`: what a code of `tollgate lint` means and what to do about it, and the
//! same of faults, policy types, functions and variables. Everything comes from their tables.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstream::AutoStream;

use crate::cli::{CliError, ExplainArguments, FINE, ignore_closed_pipe};
use crate::diag::catalogue::{self, Code, Example};
use crate::diag::{Severity, wrap};
use crate::message::faults::{CATALOGUE, GatewayFault};
use crate::policy::POLICIES;
use crate::policy::kind::{FaultRow, PolicyKind};
use crate::policy::reference::bare;
use crate::template::{FUNCTION_SECTIONS, FunctionPage};
use crate::variable::{Access, FLOW_VARIABLES, FlowVariable};
use crate::xml::fields::nearest;

pub(super) fn explain(arguments: &ExplainArguments) -> Result<u8, CliError> {
    let name = arguments.name.trim();
    let Some(text) = page(name) else {
        return Err(CliError::NoTopic { name: name.to_owned(), nearest: near(name) });
    };
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes()).or_else(ignore_closed_pipe)?;
    Ok(FINE)
}

fn page(name: &str) -> Option<String> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some(code) = catalogue::find(name) {
        return Some(code_page(code));
    }
    if let Some(kind) = POLICIES.iter().find(|kind| is(kind.element)) {
        return Some(kind.text());
    }
    let faults: Vec<(&PolicyKind, &FaultRow)> =
        faults().filter(|(_, fault)| is(fault.code) || is(last_part(fault.code))).collect();
    if !faults.is_empty() {
        let pages: Vec<String> = faults.into_iter().map(fault_page).collect();
        return Some(pages.join("\n"));
    }
    let own: Vec<&GatewayFault> = CATALOGUE
        .iter()
        .filter(|fault| is(fault.code) || is(last_part(fault.code)))
        .copied()
        .collect();
    if !own.is_empty() {
        let pages: Vec<String> = own.into_iter().map(gateway_fault_page).collect();
        return Some(pages.join("\n"));
    }
    if let Some(function) = functions().find(|function| is(function.name())) {
        return Some(function_page(function));
    }
    FLOW_VARIABLES.iter().find(|row| row.name == name).map(variable_page)
}

fn faults() -> impl Iterator<Item = (&'static PolicyKind, &'static FaultRow)> {
    POLICIES.iter().flat_map(|kind| kind.page.faults.iter().map(move |fault| (kind, fault)))
}

fn functions() -> impl Iterator<Item = &'static FunctionPage> {
    FUNCTION_SECTIONS.iter().flat_map(|section| section.functions)
}

/// As `fault.name` has it.
fn last_part(code: &str) -> &str {
    code.rsplit('.').next().unwrap_or(code)
}

fn code_page(row: &Code) -> String {
    let mut out = format!("{}: {}\n", row.code, row.severities_text());
    let explanation = row.explanation();
    section(&mut out, "What", row.what);
    if let Some(explanation) = explanation {
        section(&mut out, "Why it matters", explanation.why);
    }
    section(&mut out, "What to do", row.remedy);
    if let Some(mending) = row.mending() {
        let text = format!("`tollgate lint --fix` {}: {}.", mending.what, mending.why);
        wrap(&mut out, "  ", &text);
    }
    if let Some(Example { wrong, right }) = explanation.and_then(|found| found.example.as_ref()) {
        for (title, xml) in [("Wrong", wrong), ("Right", right)] {
            let _written = write!(out, "\n{title}\n");
            for line in xml.lines() {
                let _written = writeln!(out, "  {line}");
            }
        }
    }
    let _written = write!(out, "\nHow it is shown\n  {}\n", row.example);
    let _written = write!(out, "\nHow to silence it\n{}", silence(row));
    let twin = match row.is_common() {
        true => format!("apigeelint's {} means the same; its severity may differ.", row.code),
        false => String::from("The code is Tollgate's own; apigeelint has none for it."),
    };
    section(&mut out, "Elsewhere", &twin);
    out
}

fn silence(row: &Code) -> String {
    let code = row.code;
    let how = format!(
        "  `<!-- apigeelint disable={code} -->` on the line above\n  \
         `excluded = [\"{code}\"]` under `[lint]` in tollgate.toml\n"
    );
    let has_error = row.severities.contains(&Severity::Error);
    match (has_error, row.severities.len()) {
        (true, 1) => String::from("  An error cannot be silenced: it refuses the bundle.\n"),
        (true, _) => format!("{how}  An error stays: it refuses the bundle.\n"),
        (false, _) => how,
    }
}

fn section(out: &mut String, title: &str, text: &str) {
    let _written = write!(out, "\n{title}\n");
    wrap(out, "  ", text);
}

fn fault_page((kind, fault): (&PolicyKind, &FaultRow)) -> String {
    let FaultRow { code, status, faultstring, when } = fault;
    let mut out = format!("{code}: a fault of {}\n", kind.element);
    section(&mut out, "When", when);
    let _written = write!(out, "\nWhat the client gets, where no FaultRule says otherwise\n");
    let _written = writeln!(out, "  status {status}\n  {}", bare(faultstring));
    fault_rule(&mut out, last_part(code));
    let prefix = kind.failed_prefix;
    let _written =
        write!(out, "\n`{prefix}.failed` and `{prefix}.{{policy}}.failed` are true then.\n");
    out
}

fn gateway_fault_page(fault: &GatewayFault) -> String {
    let GatewayFault { code, status, faultstring, when, reason, .. } = fault;
    let mut out = format!("{code}: a fault of the gateway\n");
    section(&mut out, "When", when);
    let _written = write!(out, "\nWhat the client gets, where no FaultRule says otherwise\n");
    let status = status.map_or("of the target".to_owned(), |status| status.as_str().to_owned());
    let _written = writeln!(out, "  status {status}\n  {faultstring}");
    if let Some(reason) = reason {
        let _written = writeln!(out, "  with profile `x` the reason {reason}");
    }
    fault_rule(&mut out, last_part(code));
    out
}

fn fault_rule(out: &mut String, name: &str) {
    let _written = write!(
        out,
        "\nA FaultRule for it\n  <FaultRule name=\"{name}\">\n    \
         <Condition>fault.name = \"{name}\"</Condition>\n    ...\n  </FaultRule>\n"
    );
}

fn function_page(page: &FunctionPage) -> String {
    let mut out = format!("{}: a function of message templates\n", page.call);
    if !page.note.is_empty() {
        section(&mut out, "What", page.note);
    }
    let _written = write!(out, "\nExample\n  {}\n  gives {}\n", page.example, page.result);
    out
}

fn variable_page(row: &FlowVariable) -> String {
    let access = match row.access {
        Access::ReadOnly => "read-only",
        Access::ReadWrite => "may be written",
    };
    let mut out = format!("{}: a predefined variable, {access}\n", row.name);
    section(&mut out, "What", row.meaning);
    out
}

/// What was most likely meant.
fn near(name: &str) -> Option<String> {
    let is_code = name.len() == 5 && name.chars().skip(2).all(|c| c.is_ascii_digit());
    if is_code {
        return catalogue::nearest(name).map(str::to_owned);
    }
    let mut known: Vec<&str> = POLICIES.iter().map(|kind| kind.element).collect();
    known.extend(faults().flat_map(|(_, fault)| [fault.code, last_part(fault.code)]));
    known.extend(CATALOGUE.iter().flat_map(|fault| [fault.code, last_part(fault.code)]));
    known.extend(functions().map(FunctionPage::name));
    known.extend(FLOW_VARIABLES.iter().map(|row| row.name));
    nearest(name, &known).map(str::to_owned)
}
