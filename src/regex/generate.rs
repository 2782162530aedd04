//! A text that a pattern matches, by chance.
//!
//! Source: Apigee docs, "Message templates" (`xeger`). Unknown: how often `*` and `+` repeat, and
//! what `.` and negated classes choose from; we repeat up to [`FREE_REPEATS_MAX`] times more than
//! needed, and take printable ASCII where a class has some. `^` and `$` stand for nothing.

use rand::RngExt;
use rand::rngs::ThreadRng;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look};

use crate::regex::translate::translate;
use crate::regex::{NESTING_MAX, VARIABLE_PATTERN_BYTES_MAX, last_line};

/// How often a repetition without an upper bound exceeds its lower one.
const FREE_REPEATS_MAX: u32 = 8;
/// A longer text is none.
const GENERATED_BYTES_MAX: usize = 64 * 1024;
/// How many nodes one text may visit.
const STEPS_MAX: usize = 256 * 1024;

/// Texts that a pattern matches.
#[derive(Clone, Debug)]
pub struct Generator(Node);

#[derive(Clone, Debug)]
enum Node {
    Text(Box<str>),
    OneOf(Ranges),
    /// Both bounds belong to it.
    Repeat(Box<Node>, u32, u32),
    Sequence(Box<[Node]>),
    Choice(Box<[Node]>),
}

/// Ranges of characters, both ends included, and how many characters they hold.
#[derive(Clone, Debug)]
struct Ranges {
    ranges: Box<[(char, char)]>,
    size: u32,
}

impl Generator {
    /// The error is the reason, in a clause.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        if pattern.len() > VARIABLE_PATTERN_BYTES_MAX {
            return Err("it is too large".to_owned());
        }
        let translated = translate(pattern)?;
        if translated.backtracks {
            return Err("look-around and back references generate nothing".to_owned());
        }
        let mut parser = regex_syntax::ParserBuilder::new().nest_limit(NESTING_MAX).build();
        let parsed = parser.parse(&translated.text);
        node(parsed.map_err(|error| last_line(&error.to_string()))?).map(Self)
    }

    /// Puts a text behind `out`. `None` where it exceeds its bound; what `out` then holds behind
    /// its old text means nothing.
    pub fn generate(&self, out: &mut String) -> Option<()> {
        let bytes_max = out.len().checked_add(GENERATED_BYTES_MAX)?;
        let mut run = Run { rng: rand::rng(), out, bytes_max, steps: 0 };
        run.node(&self.0)
    }
}

fn node(parsed: Hir) -> Result<Node, String> {
    let nodes = |parts: Vec<Hir>| parts.into_iter().map(node).collect::<Result<Box<[Node]>, _>>();
    Ok(match parsed.into_kind() {
        HirKind::Empty | HirKind::Look(Look::Start | Look::End | Look::StartLF | Look::EndLF) => {
            Node::Text(Box::default())
        }
        HirKind::Look(_) => return Err("a word boundary generates nothing".to_owned()),
        HirKind::Literal(literal) => {
            let text = String::from_utf8(literal.0.into_vec());
            Node::Text(text.map_err(|_| "it matches what is no text")?.into_boxed_str())
        }
        HirKind::Class(class) => Node::OneOf(Ranges::new(class)?),
        HirKind::Repetition(repeat) => {
            let most = repeat.max.unwrap_or(repeat.min.saturating_add(FREE_REPEATS_MAX));
            Node::Repeat(Box::new(node(*repeat.sub)?), repeat.min, most)
        }
        HirKind::Capture(capture) => node(*capture.sub)?,
        HirKind::Concat(parts) => Node::Sequence(nodes(parts)?),
        HirKind::Alternation(parts) => Node::Choice(nodes(parts)?),
    })
}

impl Ranges {
    fn new(class: Class) -> Result<Self, String> {
        let class = match class {
            Class::Unicode(class) => Some(class),
            Class::Bytes(class) => class.to_unicode_class(),
        };
        let mut class = class.ok_or("it matches what is no text")?;
        let mut printable = class.clone();
        printable.intersect(&ClassUnicode::new([ClassUnicodeRange::new(' ', '~')]));
        if !printable.ranges().is_empty() {
            class = printable;
        }
        let size = class.ranges().iter().map(|range| size(range.start(), range.end())).sum();
        if size == 0 {
            return Err("a character class is empty".to_owned());
        }
        let ends = |range: &ClassUnicodeRange| (range.start(), range.end());
        Ok(Self { ranges: class.ranges().iter().map(ends).collect(), size })
    }
}

/// The surrogates count as characters here: a range that spans them is chosen a little more often.
fn size(start: char, end: char) -> u32 {
    u32::from(end) - u32::from(start) + 1
}

struct Run<'o> {
    rng: ThreadRng,
    out: &'o mut String,
    bytes_max: usize,
    steps: usize,
}

impl Run<'_> {
    fn node(&mut self, node: &Node) -> Option<()> {
        self.steps += 1;
        if self.steps > STEPS_MAX || self.out.len() > self.bytes_max {
            return None;
        }
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::OneOf(ranges) => {
                let mut nth = self.rng.random_range(0..ranges.size);
                for (start, end) in &ranges.ranges {
                    let size = size(*start, *end);
                    if nth < size {
                        self.out.push(self.rng.random_range(*start..=*end));
                        break;
                    }
                    nth -= size;
                }
            }
            Node::Repeat(node, least, most) => {
                for _ in 0..self.rng.random_range(*least..=*most) {
                    self.node(node)?;
                }
            }
            Node::Sequence(nodes) => {
                for node in nodes {
                    self.node(node)?;
                }
            }
            Node::Choice(nodes) => {
                let nth = self.rng.random_range(0..nodes.len());
                self.node(nodes.get(nth)?)?;
            }
        }
        (self.out.len() <= self.bytes_max).then_some(())
    }
}
