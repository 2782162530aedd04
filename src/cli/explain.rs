//! `tollgate explain`: what a code of `tollgate lint` means and what to do about it.

use std::io::{self, Write};

use anstream::AutoStream;

use crate::cli::{CliError, ExplainArguments, FINE, ignore_closed_pipe};
use crate::diag::catalogue::{self, Code};

pub(super) fn explain(arguments: &ExplainArguments) -> Result<u8, CliError> {
    let code = &arguments.code;
    let Some(row) = catalogue::find(code) else {
        let nearest = catalogue::nearest(code).unwrap_or_default();
        return Err(CliError::NoCode { code: code.clone(), nearest });
    };
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(page(row).as_bytes()).or_else(ignore_closed_pipe)?;
    Ok(FINE)
}

fn page(row: &Code) -> String {
    format!(
        "{}: {}\n\nWhat:       {}\nWhat to do: {}\nExample:    {}\n",
        row.code,
        row.severities_text(),
        row.what,
        row.remedy,
        row.example,
    )
}
