//! The README's commands, run in their order against a gateway with the samples.
//!
//! In a `console` block a line that begins with `$ ` is a command, lines that begin with `> `
//! continue it, and the others are what it prints. A deployment takes its moment, so a command
//! is asked again until it prints what the page says. The page's own address and program stand
//! for those of the test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::support::PATIENCE;

const ADDRESS: &str = "127.0.0.1:8080";
const PROGRAM: &str = "target/release/tollgate";

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("readme::its_commands_do_what_it_says", || {
        follow().map_err(|error| format!("{error:#}").into())
    })]
}

fn follow() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = TempDir::new()?;
    for name in ["tollgate.toml", "proxies", "policies"] {
        copy(&root.join(name), &folder.path().join(name))?;
    }
    let (_gateway, address) = Gateway::start(folder.path())?;
    let steps = steps(&fs::read_to_string(root.join("README.md"))?)?;
    ensure!(!steps.is_empty(), "the page has no commands");
    for (command, expected) in steps {
        let here = |text: &str| text.replace(ADDRESS, &address);
        let command = here(&command).replace(PROGRAM, env!("CARGO_BIN_EXE_tollgate"));
        prints(folder.path(), &command, &here(&expected))?;
    }
    Ok(())
}

struct Gateway(Child);

impl Gateway {
    /// With the address that it says it listens on.
    fn start(folder: &Path) -> Result<(Self, String)> {
        let child = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(["serve", "--api", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .spawn()?;
        let mut gateway = Self(child);
        let mut talk = BufReader::new(gateway.0.stderr.take().context("it talks")?);
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if talk.read_line(&mut line)? == 0 {
                bail!("the gateway ended:\n{said}");
            }
            said.push_str(&line);
            if let Some(address) = line.trim().strip_prefix("API traffic") {
                let address = address.trim().trim_start_matches("http://").to_owned();
                // A gateway whose talk nobody reads would stop at a full pipe.
                std::thread::spawn(move || talk.read_to_end(&mut Vec::new()));
                return Ok((gateway, address));
            }
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Commands with what they print, in the order of the page.
fn steps(page: &str) -> Result<Vec<(String, String)>> {
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut is_console = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if is_console && let Some(command) = line.strip_prefix("$ ") {
            steps.push((command.to_owned(), String::new()));
        } else if is_console {
            let (command, printed) = steps.last_mut().context("a block begins with a command")?;
            match line.strip_prefix("> ") {
                Some(more) => *command += &format!("\n{more}"),
                None => *printed += &format!("{line}\n"),
            }
        }
    }
    Ok(steps)
}

fn prints(folder: &Path, command: &str, expected: &str) -> Result<()> {
    let begin = Instant::now();
    loop {
        let output = Command::new("sh").args(["-c", command]).current_dir(folder).output()?;
        let printed = String::from_utf8(output.stdout)?;
        if tidy(&printed) == tidy(expected) {
            return Ok(());
        }
        ensure!(
            begin.elapsed() < PATIENCE,
            "$ {command}\nprints:\n{printed}\nand should print:\n{expected}"
        );
        std::thread::yield_now();
    }
}

/// Without the ends of lines, which a header's have in their own way, and the last line's end.
fn tidy(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What is not there is not copied.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        fs::copy(from, to)?;
    } else if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
