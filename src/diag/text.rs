//! The text form of findings: source line, caret under the exact place, notes, help.

use crate::diag::{Diagnostics, SourceMap};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Colored,
}

/// The long form, as a compiler prints it. `root` stands before each file name.
pub fn render_text(root: &str, diags: &Diagnostics, sources: &SourceMap, style: Style) -> String {
    let _ = (root, diags, sources, style);
    String::new()
}

/// One line a finding: `path:line:column: error[CODE]: message`.
pub fn render_short(root: &str, diags: &Diagnostics, sources: &SourceMap) -> String {
    let _ = (root, diags, sources);
    String::new()
}
