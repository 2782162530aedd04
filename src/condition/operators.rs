//! The operators' symbols and words, and what people write in their place.
//!
//! Source: Apigee docs, "Conditions reference"; SAP API Management, "Condition Strings" (words
//! are case-insensitive). Unknown: whether `true`, `false` and `null` are case-insensitive
//! too; we take them so, for a variable of such a name is the less likely intention.

use crate::condition::ast::Relation;

/// What a word or symbol means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Not,
    And,
    Or,
    Relation(Relation),
    True,
    False,
    Null,
}

static WORDS: &[(&str, Operator)] = &[
    ("and", Operator::And),
    ("or", Operator::Or),
    ("not", Operator::Not),
    ("true", Operator::True),
    ("false", Operator::False),
    ("null", Operator::Null),
    ("Equals", Operator::Relation(Relation::Equals)),
    ("Is", Operator::Relation(Relation::Equals)),
    ("NotEquals", Operator::Relation(Relation::NotEquals)),
    ("IsNot", Operator::Relation(Relation::NotEquals)),
    ("EqualsCaseInsensitive", Operator::Relation(Relation::EqualsCaseInsensitive)),
    ("GreaterThan", Operator::Relation(Relation::Greater)),
    ("GreaterThanOrEquals", Operator::Relation(Relation::GreaterOrEquals)),
    ("LesserThan", Operator::Relation(Relation::Lesser)),
    ("LesserThanOrEquals", Operator::Relation(Relation::LesserOrEquals)),
    ("JavaRegex", Operator::Relation(Relation::JavaRegex)),
    ("Matches", Operator::Relation(Relation::Matches)),
    ("Like", Operator::Relation(Relation::Matches)),
    ("MatchesPath", Operator::Relation(Relation::MatchesPath)),
    ("LikePath", Operator::Relation(Relation::MatchesPath)),
    ("StartsWith", Operator::Relation(Relation::StartsWith)),
];

/// Longer symbols first.
static SYMBOLS: &[(&str, Operator)] = &[
    ("&&", Operator::And),
    ("||", Operator::Or),
    ("==", Operator::Relation(Relation::Equals)),
    ("=|", Operator::Relation(Relation::StartsWith)),
    ("!=", Operator::Relation(Relation::NotEquals)),
    ("!~", Operator::Relation(Relation::NotMatches)),
    (":=", Operator::Relation(Relation::EqualsCaseInsensitive)),
    (">=", Operator::Relation(Relation::GreaterOrEquals)),
    ("<=", Operator::Relation(Relation::LesserOrEquals)),
    ("~~", Operator::Relation(Relation::JavaRegex)),
    ("~/", Operator::Relation(Relation::MatchesPath)),
    ("=", Operator::Relation(Relation::Equals)),
    (">", Operator::Relation(Relation::Greater)),
    ("<", Operator::Relation(Relation::Lesser)),
    ("~", Operator::Relation(Relation::Matches)),
    ("!", Operator::Not),
];

const ALL_OPERATORS: &str = "the operators are = != := > >= < <= Matches MatchesPath JavaRegex \
                             StartsWith, and or not";

/// What a word means that is no variable name.
pub(super) fn word(text: &str) -> Option<Operator> {
    WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, operator)| *operator)
}

/// The operator that a run of operator characters starts with, and its length.
pub(super) fn symbol(run: &str) -> Option<(Operator, usize)> {
    let (symbol, operator) = SYMBOLS.iter().find(|(symbol, _)| run.starts_with(symbol))?;
    Some((*operator, symbol.len()))
}

/// Whether the name reads as a variable without quotes around it.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(is_name_byte)
        && word(name).is_none()
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// What to write instead of a symbol that does not exist.
pub(super) fn help_for_symbol(run: &str) -> String {
    let right = match run {
        "===" => "`=`",
        "!==" | "<>" | "><" => "`!=`",
        "=:" | ":" | "::" | ":==" => "`:=`",
        "=>" => "`>=`",
        "=<" => "`<=`",
        "=~" => "`~~` for a regular expression or `~` for a pattern with `*`",
        "~=" => "`~` for a pattern with `*` or `~~` for a regular expression",
        "/~" | "/" | "~//" => "`~/`",
        "|=" => "`=|`",
        "!~~" | "!~/" | "!=|" => "`!(...)` around the whole comparison",
        "&" => "`&&`",
        "|" => "`||`",
        _ => return ALL_OPERATORS.to_owned(),
    };
    format!("write {right}")
}

/// What to write instead of a word that does not exist.
pub(super) fn help_for_word(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let right = match lower.as_str() {
        "contains" | "includes" => "`Matches \"*text*\"`",
        "endswith" => "`Matches \"*text\"`",
        "in" => "a comparison with each value, joined by `or`",
        "eq" | "equalto" => "`=`",
        "ne" | "neq" => "`!=`",
        "gt" => "`GreaterThan`",
        "ge" | "gte" | "greaterthanorequalto" => "`GreaterThanOrEquals`",
        "lt" | "lessthan" => "`LesserThan`",
        "le" | "lte" | "lessthanorequals" | "lessthanorequalto" | "lessthanequals" => {
            "`LesserThanOrEquals`"
        }
        "regex" | "regexp" => "`JavaRegex`",
        "equalsignorecase" => "`EqualsCaseInsensitive`",
        "notmatches" | "notlike" => "`not Matches`",
        "isnull" => "`Is null`",
        "isnotnull" => "`IsNot null`",
        _ => match nearest(&lower) {
            Some(word) => return format!("write `{word}`"),
            None => return ALL_OPERATORS.to_owned(),
        },
    };
    format!("write {right}")
}

/// The operator's word that differs in two letters at most.
fn nearest(lower: &str) -> Option<&'static str> {
    const EDITS_MAX: usize = 2;
    const WORD_BYTES_MAX: usize = 32;
    if lower.len() > WORD_BYTES_MAX {
        return None;
    }
    WORDS
        .iter()
        .map(|(word, _)| (edits(lower, &word.to_ascii_lowercase()), *word))
        .filter(|(edits, word)| *edits <= EDITS_MAX && *edits < word.len().min(lower.len()))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// How many letters must be put in, left out or changed.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, a) in from.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.bytes()) {
            let changed = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = changed.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or(from.len())
}
