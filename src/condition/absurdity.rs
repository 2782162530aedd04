//! Whether a condition says the same of every request.
//!
//! Source: apigeelint CC006, a truth table over the comparisons. Beyond it, one variable never
//! equals two different texts at once, so that `a = "x" and a = "y"` is seen too.

use crate::condition::ast::{Expr, Operand, Relation};
use crate::condition::value::number_of;

/// More comparisons are not looked at: the table doubles with each.
const COMPARISONS_MAX: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absurdity {
    NeverHolds,
    AlwaysHolds,
}

/// `None` where it depends, where it is a literal alone, and where it is too long to tell.
pub(super) fn of(expr: &Expr) -> Option<Absurdity> {
    let mut atoms = Vec::new();
    collect(expr, &mut atoms)?;
    if atoms.is_empty() {
        return None;
    }
    let (mut held, mut failed) = (false, false);
    for row in 0..1_u32 << atoms.len() {
        if !is_possible(row, &atoms) {
            continue;
        }
        let holds = evaluate(expr, row, &atoms);
        held |= holds;
        failed |= !holds;
    }
    match (held, failed) {
        (true, false) => Some(Absurdity::AlwaysHolds),
        (false, true) => Some(Absurdity::NeverHolds),
        (true, true) | (false, false) => None,
    }
}

/// A comparison that is true or false by itself. `!=` and `!~` are the others turned round.
#[derive(PartialEq)]
enum Atom<'e> {
    Bare(&'e Operand),
    Compare(&'e Operand, Relation, &'e Operand),
}

fn atom(expr: &Expr) -> Option<(Atom<'_>, bool)> {
    match expr {
        Expr::Bare(operand) => Some((Atom::Bare(operand), true)),
        Expr::Compare(left, relation, right) => {
            let (relation, plain) = match relation {
                Relation::NotEquals => (Relation::Equals, false),
                Relation::NotMatches => (Relation::Matches, false),
                Relation::Equals
                | Relation::EqualsCaseInsensitive
                | Relation::Greater
                | Relation::GreaterOrEquals
                | Relation::Lesser
                | Relation::LesserOrEquals
                | Relation::JavaRegex
                | Relation::Matches
                | Relation::MatchesPath
                | Relation::StartsWith => (*relation, true),
            };
            Some((Atom::Compare(left, relation, right), plain))
        }
        Expr::Any(_) | Expr::All(_) | Expr::Not(_) => None,
    }
}

/// `None` where there are too many.
fn collect<'e>(expr: &'e Expr, atoms: &mut Vec<Atom<'e>>) -> Option<()> {
    match expr {
        Expr::Any(parts) | Expr::All(parts) => {
            parts.iter().try_for_each(|part| collect(part, atoms))
        }
        Expr::Not(inner) => collect(inner, atoms),
        Expr::Bare(Operand::Boolean(_)) => Some(()),
        Expr::Bare(_) | Expr::Compare(..) => {
            let (found, _) = atom(expr)?;
            if !atoms.contains(&found) {
                atoms.push(found);
            }
            (atoms.len() <= COMPARISONS_MAX).then_some(())
        }
    }
}

fn evaluate(expr: &Expr, row: u32, atoms: &[Atom<'_>]) -> bool {
    match expr {
        Expr::Any(parts) => parts.iter().any(|part| evaluate(part, row, atoms)),
        Expr::All(parts) => parts.iter().all(|part| evaluate(part, row, atoms)),
        Expr::Not(inner) => !evaluate(inner, row, atoms),
        Expr::Bare(Operand::Boolean(flag)) => *flag,
        Expr::Bare(_) | Expr::Compare(..) => atom(expr).is_some_and(|(found, plain)| {
            let at = atoms.iter().position(|known| *known == found);
            at.is_some_and(|at| is_set(row, at)) == plain
        }),
    }
}

fn is_set(row: u32, at: usize) -> bool {
    row >> at & 1 == 1
}

/// No variable equals two texts that differ.
fn is_possible(row: u32, atoms: &[Atom<'_>]) -> bool {
    let set = || atoms.iter().enumerate().filter(|(at, _)| is_set(row, *at));
    !set().any(|(at, one)| set().any(|(other_at, other)| at < other_at && exclude(one, other)))
}

fn exclude(one: &Atom<'_>, other: &Atom<'_>) -> bool {
    match (equality(one), equality(other)) {
        (Some((left, text)), Some((other_left, other_text))) => {
            left == other_left && !text.eq_ignore_ascii_case(other_text)
        }
        (None, _) | (_, None) => false,
    }
}

/// A variable and the text that it equals. Texts that are numbers may be equal all the same, as
/// may those that differ in case where the variable is a flag.
fn equality<'e>(atom: &Atom<'e>) -> Option<(&'e str, &'e str)> {
    match atom {
        Atom::Compare(Operand::Variable(name), Relation::Equals, Operand::Text(text)) => {
            number_of(text).is_none().then_some((name, text))
        }
        Atom::Compare(..) | Atom::Bare(_) => None,
    }
}
