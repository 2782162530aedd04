//! Path and query of a request.
//!
//! Source: Microsoft's REST reference of App Configuration; seen on the wire: clients differ in
//! what of a key they escape (`/` as `%2F` or itself), and older ones write `After` and
//! `$Select`. Paths and values are decoded once; names of parameters match without regard to case.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::serve::appconfig::problem::Problem;

/// Parameters of one request; more are a refusal.
const PARAMETERS_MAX: usize = 64;

/// What stays as it is in a value that we write.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameters in their order, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() >= PARAMETERS_MAX {
                let detail = format!("Too many parameters. Maximum supported is {PARAMETERS_MAX}");
                return Err(Problem::invalid_parameter("query", &detail));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(&name.replace('+', " "))
                .ok_or_else(|| Problem::invalid_parameter("query", ""))?;
            let value = decode(&value.replace('+', " "))
                .ok_or_else(|| Problem::invalid_parameter(&name, ""))?;
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// The first of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(super) fn all<'q, 'n>(
        &'q self,
        name: &'n str,
    ) -> impl Iterator<Item = &'q str> + use<'q, 'n> {
        let named = self.pairs.iter().filter(move |pair| pair.0.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// Every parameter again, with `name` set to `value`.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let kept = self.pairs.iter().filter(|pair| !pair.0.eq_ignore_ascii_case(name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let parts: Vec<String> = kept
            .chain([(name, value)])
            .map(|(name, value)| format!("{}={}", encode_name(name), encode(value)))
            .collect();
        parts.join("&")
    }
}

/// A path segment or the rest of a path, decoded once. `None` where that is no UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

/// Fit for a path segment or the value of a parameter.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// As [`encode`], with the `$` of `$select` itself.
fn encode_name(name: &str) -> String {
    match name.strip_prefix('$') {
        Some(rest) => format!("${}", encode(rest)),
        None => encode(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_parameters_whatever_their_case() {
        let query = Query::parse("api-version=1.0&%24Select=key%2Clabel&key=a%20b&key=c+d&x");
        let query = query.expect("a query");
        assert_eq!(query.get("$select"), Some("key,label"));
        assert_eq!(query.get("KEY"), Some("a b"));
        assert_eq!(query.all("key").collect::<Vec<_>>(), ["a b", "c d"]);
        assert_eq!(query.get("x"), Some(""));
        assert_eq!(query.get("label"), None);
    }

    #[test]
    fn repeats_every_parameter() {
        let query = Query::parse("key=a%2F*&After=old&$select=key&api-version=1.0");
        let query = query.expect("a query");
        assert_eq!(
            query.with("after", "new+="),
            "key=a%2F%2A&$select=key&api-version=1.0&after=new%2B%3D"
        );
    }

    #[test]
    fn refuses_what_is_no_text() {
        assert!(Query::parse("key=%ff").is_err());
        assert!(Query::parse(&"a=1&".repeat(PARAMETERS_MAX)).is_ok());
        assert!(Query::parse(&"a=1&".repeat(PARAMETERS_MAX + 1)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_decodes(text in ".{0,40}") {
            proptest::prop_assert_eq!(decode(&encode(&text)), Some(text));
        }

        #[test]
        fn no_query_panics(text in ".{0,80}") {
            drop(Query::parse(&text));
        }
    }
}
