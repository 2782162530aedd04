//! The filters of lists: `key`, `label` and `name`.
//!
//! Source: Microsoft's REST reference of App Configuration, "Filtering", "Reserved characters";
//! its local emulator for what starts with `*`. Reserved are `*`, `\` and `,`, which `\`
//! escapes; any other character may be escaped too.

use crate::serve::appconfig::problem::Problem;

/// What a comma list may hold.
const VALUES_MAX: usize = 5;

/// The character that stands for "no label".
const NULL: &str = "\0";

/// Which texts are meant. `None` is "no label".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Any,
    StartsWith(String),
    /// At least one.
    OneOf(Vec<Option<String>>),
}

impl Filter {
    /// `text` is decoded. `name` is the parameter that the refusal names.
    pub(super) fn parse(text: Option<&str>, name: &str) -> Result<Self, Problem> {
        let Some(text) = text.filter(|text| !text.is_empty() && !text.starts_with('*')) else {
            return Ok(Self::Any);
        };
        let mut values = Vec::new();
        let mut value = String::new();
        let mut letters = text.chars().enumerate().peekable();
        while let Some((position, letter)) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some((_, escaped)) => value.push(escaped),
                    None => return Err(Problem::invalid_character(name, position)),
                },
                ',' => {
                    values.push(std::mem::take(&mut value));
                    if values.len() >= VALUES_MAX {
                        let detail = format!("Too many values. Maximum supported is {VALUES_MAX}");
                        return Err(Problem::invalid_parameter(name, &detail));
                    }
                }
                // One star, and at the end of a single value.
                '*' if values.is_empty() && letters.peek().is_none() => {
                    return Ok(Self::StartsWith(value));
                }
                '*' => return Err(Problem::invalid_character(name, position)),
                letter => value.push(letter),
            }
        }
        values.push(value);
        let meant = |value: String| (value != NULL).then_some(value);
        Ok(Self::OneOf(values.into_iter().map(meant).collect()))
    }

    pub(super) fn matches(&self, text: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::StartsWith(start) => text.is_some_and(|text| text.starts_with(start.as_str())),
            Self::OneOf(values) => values.iter().any(|value| value.as_deref() == text),
        }
    }
}

/// `tags=NAME=VALUE`: an item has the tag with that value; `\0` is the null value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TagFilter {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

impl TagFilter {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let mut parts = [String::new(), String::new()];
        let mut in_value = false;
        let mut letters = text.chars().enumerate();
        while let Some((position, letter)) = letters.next() {
            let letter = match letter {
                '\\' => match letters.next() {
                    Some((_, escaped)) => escaped,
                    None => return Err(Problem::invalid_character("tags", position)),
                },
                '=' if !in_value => {
                    in_value = true;
                    continue;
                }
                letter => letter,
            };
            parts[usize::from(in_value)].push(letter);
        }
        let [name, value] = parts;
        if !in_value || name.is_empty() {
            return Err(Problem::invalid_parameter("tags", "A tag filter is NAME=VALUE"));
        }
        Ok(Self { name, value: (value != NULL).then_some(value) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of(values: &[Option<&str>]) -> Filter {
        Filter::OneOf(values.iter().map(|value| value.map(str::to_owned)).collect())
    }

    #[test]
    fn reads_every_form() {
        for (text, expected) in [
            ("", Filter::Any),
            ("*", Filter::Any),
            ("*abc", Filter::Any),
            ("abc", one_of(&[Some("abc")])),
            ("abc*", Filter::StartsWith("abc".to_owned())),
            ("abc,xyz", one_of(&[Some("abc"), Some("xyz")])),
            ("\0", one_of(&[None])),
            ("\0,prod", one_of(&[None, Some("prod")])),
            (r"a\*", one_of(&[Some("a*")])),
            (r"a\,b\\", one_of(&[Some(r"a,b\")])),
            (r"\a*", Filter::StartsWith("a".to_owned())),
            ("a,b,c,d,e", one_of(&[Some("a"), Some("b"), Some("c"), Some("d"), Some("e")])),
        ] {
            assert_eq!(Filter::parse(Some(text), "key"), Ok(expected), "{text:?}");
        }
        assert_eq!(Filter::parse(None, "key"), Ok(Filter::Any));
    }

    #[test]
    fn says_where_a_reserved_character_stands() {
        for (text, position) in
            [("label1*,label2", 6), ("a**", 1), ("a,b*", 3), ("a*b", 1), ("é*b", 1), (r"ab\", 2)]
        {
            let expected = Problem::invalid_character("label", position);
            assert_eq!(Filter::parse(Some(text), "label"), Err(expected), "{text}");
        }
        let refusal = Filter::parse(Some("label1*,label2"), "label").expect_err("a star inside");
        assert_eq!(
            refusal.body(),
            r#"{"type":"https://azconfig.io/errors/invalid-argument","title":"Invalid request parameter 'label'","name":"label","detail":"label(6): Invalid character","status":400}"#
        );
    }

    #[test]
    fn takes_five_values_and_not_six() {
        let refusal = Filter::parse(Some("a,b,c,d,e,f"), "key").expect_err("six values");
        assert!(refusal.body().contains(r#""detail":"Too many values. Maximum supported is 5""#));
    }

    #[test]
    fn matches_what_it_means() {
        for (text, label, expected) in [
            ("", None, true),
            ("", Some("prod"), true),
            ("pro*", Some("prod"), true),
            ("pro*", None, false),
            ("pro*", Some("dev"), false),
            ("\0", None, true),
            ("\0", Some(""), false),
            ("dev,\0", None, true),
            ("dev,\0", Some("dev"), true),
            ("dev", Some("DEV"), false),
        ] {
            let filter = Filter::parse(Some(text), "label").expect("a filter");
            assert_eq!(filter.matches(label), expected, "{text:?} and {label:?}");
        }
    }

    #[test]
    fn reads_tags() {
        for (text, name, value) in [
            ("env=prod", "env", Some("prod")),
            ("env=\0", "env", None),
            ("env=", "env", Some("")),
            ("a=b=c", "a", Some("b=c")),
            (r"a\=b=c", "a=b", Some("c")),
        ] {
            let expected = TagFilter { name: name.to_owned(), value: value.map(str::to_owned) };
            assert_eq!(TagFilter::parse(text), Ok(expected), "{text}");
        }
        for text in ["env", "=prod", "", r"env=\"] {
            assert!(TagFilter::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn escaped_text_is_itself(text in ".{1,40}") {
            let escaped: String = text.chars().flat_map(|letter| ['\\', letter]).collect();
            let expected = (text != NULL).then(|| text.clone());
            let filter = Filter::parse(Some(&escaped), "key");
            proptest::prop_assert_eq!(filter, Ok(Filter::OneOf(vec![expected])));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            drop(Filter::parse(Some(&text), "key"));
            drop(TagFilter::parse(&text));
        }
    }
}
