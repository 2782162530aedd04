//! A bundle or policy file mended as far as its findings' own edits go, in memory.

use std::path::Path;

use crate::bundle::{FileChange, Limits};
use crate::deploy::check::{Checked, judge, open, unreadable};
use crate::diag::{Diagnostics, Severity, apply_fixes};
use crate::lint::EnvironmentView;

/// How often a bundle is read anew: edits that touch each other are done in turns.
const PASSES_MAX: usize = 16;

/// What became of a bundle.
#[derive(Debug)]
pub struct Fixed {
    /// The bundle as mended, with the findings that are left.
    pub checked: Checked,
    /// What to write; empty where the bundle is a zip.
    pub changes: Vec<FileChange>,
    /// How many findings are mended.
    pub mended: usize,
    /// How many could be, were the bundle no zip.
    pub unmended: usize,
}

/// Reads, lints and mends what stands at `path`, and writes nothing.
pub fn fix_path(path: &Path, limits: &Limits, view: &EnvironmentView) -> Fixed {
    let original = match open(path, limits) {
        Ok(bundle) => bundle,
        Err(error) => {
            let checked = unreadable(path, &error);
            return Fixed { checked, changes: Vec::new(), mended: 0, unmended: 0 };
        }
    };
    let mut bundle = original.with_texts(Default::default());
    let mut judged = judge(path, &mut bundle, view);
    if !original.is_folder() {
        let unmended = judged.diags.iter().filter(|found| !found.fix.is_empty()).count();
        let checked = judged.with_sources(bundle);
        return Fixed { checked, changes: Vec::new(), mended: 0, unmended };
    }
    let mut mended = 0;
    for _ in 0..PASSES_MAX {
        let pass = apply_fixes(&judged.diags, bundle.sources());
        if pass.mended == 0 {
            break;
        }
        let mut next = bundle.with_texts(pass.texts);
        let next_judged = judge(path, &mut next, view);
        // An edit that does harm is a mistake of ours: the bundle stays as it was.
        if errors(&next_judged.diags) > errors(&judged.diags) {
            tracing::error!(path = %path.display(), "edits that would refuse the bundle are not done");
            break;
        }
        mended += pass.mended;
        (bundle, judged) = (next, next_judged);
    }
    let changes = original.changes(&bundle);
    Fixed { checked: judged.with_sources(bundle), changes, mended, unmended: 0 }
}

fn errors(diags: &Diagnostics) -> usize {
    diags.count(Severity::Error)
}

#[cfg(test)]
mod tests;
