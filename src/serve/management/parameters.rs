//! Parameters of a query and of a form, which mean the same.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;

use crate::serve::management::answer::Refusal;

const FORM: &[u8] = b"application/x-www-form-urlencoded";
/// What apigeetool sends where there is none.
const NO_BODY: &[u8] = b"\"\"";
/// How much of a client's own text goes into a refusal.
const NAME_CHARS_SHOWN: usize = 100;

/// In their order, decoded. Those that mean nothing are passed over.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(Vec<u8>, Vec<u8>)>);

impl Parameters {
    /// `name=value&name=value`; a `+` is a blank.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(pairs.collect())
    }

    /// With those of the body, which is a form or empty: what it says must not be lost.
    pub(super) fn with_form(mut self, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if matches!(body.trim_ascii(), b"" | NO_BODY) {
            return Ok(self);
        }
        let is_form = headers
            .get(CONTENT_TYPE)
            .and_then(|media| media.as_bytes().get(..FORM.len()))
            .is_some_and(|media| media.eq_ignore_ascii_case(FORM));
        let text = std::str::from_utf8(body).ok().filter(|_| is_form).ok_or_else(|| {
            let what = "the body is no form; send parameters in the query, or as \
                        application/x-www-form-urlencoded";
            Refusal::bad_request(what.to_owned())
        })?;
        self.0.extend(Self::parse(text.trim_end()).0);
        Ok(self)
    }

    /// Refuses what is none of these, for calls that would do more than was meant without it.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let is_known = |name: &[u8]| known.iter().any(|known| known.as_bytes() == name);
        match self.0.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::bad_request(format!(
                "the parameter `{}` is not known here; there are {}",
                String::from_utf8_lossy(name)
                    .escape_debug()
                    .take(NAME_CHARS_SHOWN)
                    .collect::<String>(),
                known.join(", ")
            ))),
        }
    }

    /// The one value of a parameter; twice is a mistake.
    pub(super) fn one(&self, name: &str) -> Result<Option<&[u8]>, Refusal> {
        let mut found = self.0.iter().filter(|(known, _)| known == name.as_bytes());
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(Some(value)),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => {
                Err(Refusal::bad_request(format!("the parameter `{name}` stands there twice")))
            }
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let Some(bytes) = self.one(name)? else { return Ok(None) };
        let text = std::str::from_utf8(bytes);
        text.map(Some).map_err(|_| {
            Refusal::bad_request(format!("the parameter `{name}` has bytes that are no text"))
        })
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.text(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Refusal::bad_request(format!(
                "the parameter `{name}` is `{}`; write true or false",
                other.escape_debug()
            ))),
        }
    }

    /// From `min` to `max`, both allowed.
    pub(super) fn number(&self, name: &str, min: u64, max: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        number.map(Some).ok_or_else(|| {
            let shown = text.escape_debug();
            Refusal::bad_request(format!(
                "the parameter `{name}` is `{shown}`; write a number from {min} to {max}"
            ))
        })
    }
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_parameter_stands_there_once() {
        let found = Parameters::parse("a=1&b=x+y%2B%FF&&c&a=2");
        assert!(found.one("a").is_err());
        assert_eq!(found.one("b").expect("one"), Some(&b"x y+\xff"[..]));
        assert!(found.text("b").is_err());
        assert_eq!(found.text("c").expect("one"), Some(""));
        assert_eq!(found.text("d").expect("none"), None);
    }

    #[test]
    fn numbers_and_flags_have_bounds() {
        let found = Parameters::parse("n=10&o=0&t=true&f=false&x=yes");
        assert_eq!(found.number("n", 1, 10).expect("in bounds"), Some(10));
        assert!(found.number("n", 1, 9).is_err());
        assert!(found.number("o", 1, 9).is_err());
        assert!(found.number("t", 1, 9).is_err());
        assert_eq!(found.number("none", 1, 9).expect("none"), None);
        assert!(found.flag("t").expect("a flag"));
        assert!(!found.flag("f").expect("a flag"));
        assert!(!found.flag("none").expect("none"));
        assert!(found.flag("x").is_err());
    }

    #[test]
    fn a_form_means_the_same_as_a_query() {
        let mut headers = HeaderMap::new();
        let query = Parameters::parse("action=clear");
        assert!(query.clone().with_form(&headers, b"prefix=a").is_err());
        assert!(query.clone().with_form(&headers, b" ").is_ok());
        assert!(query.clone().with_form(&headers, NO_BODY).is_ok());
        let media = "Application/X-www-form-urlencoded; charset=utf-8";
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        assert!(query.clone().with_form(&headers, b"prefix=\xff").is_err());
        let form = query.clone().with_form(&headers, b"prefix=a\n").expect("it is a form");
        assert_eq!(form.text("prefix").expect("one"), Some("a"));
        assert_eq!(form.text("action").expect("one"), Some("clear"));
        let nothing = query.with_form(&headers, NO_BODY).expect("it is none");
        assert!(nothing.only(&["action"]).is_ok());
        assert!(form.only(&["action"]).is_err());
        assert!(form.only(&["action", "prefix"]).is_ok());
    }

    proptest! {
        #[test]
        fn no_query_panics(text in "[a-z_%&=+0-9]{0,60}", body: Vec<u8>) {
            let mut headers = HeaderMap::new();
            let media = "application/x-www-form-urlencoded";
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
            if let Ok(found) = Parameters::parse(&text).with_form(&headers, &body) {
                drop((found.text("a"), found.flag("b"), found.number("c", 0, 9), found.only(&[])));
            }
        }
    }
}
