//! Paths of the API, in both spellings: `organizations` or `o`, `environments` or `e`.

use percent_encoding::percent_decode_str;

/// What a path names. Names are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) organization: String,
    /// `None`: the path is about the organization.
    pub(super) environment: Option<String>,
    pub(super) resource: Resource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Organization,
    Environments,
    Environment,
    Caches,
    Cache {
        name: String,
    },
    Stats {
        cache: String,
    },
    Entries {
        cache: String,
    },
    Entry {
        cache: String,
        key: Vec<u8>,
    },
    /// One that the platform's API has, and this one not.
    Unserved {
        name: String,
    },
}

/// Whether a path begins as those of this API do.
pub(super) fn is_of_organizations(path: &str) -> bool {
    let first = path.strip_prefix("/v1/").map(|rest| rest.split('/').next());
    matches!(first, Some(Some("o" | "organizations")))
}

impl Place {
    /// `None` where no resource can have such a path. A slash at the end means nothing, but for
    /// an entry, whose key is all that follows.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/v1/")?;
        let (word, rest) = split(rest);
        if !matches!(word, "o" | "organizations") {
            return None;
        }
        let (organization, rest) = split(rest?);
        let organization = name(organization)?;
        let place = |environment, resource| {
            Some(Self { organization: organization.clone(), environment, resource })
        };
        let Some(rest) = more(rest) else { return place(None, Resource::Organization) };
        let (word, rest) = split(rest);
        if !matches!(word, "e" | "environments") {
            return place(None, Resource::Unserved { name: name(word)? });
        }
        let Some(rest) = more(rest) else { return place(None, Resource::Environments) };
        let (environment, rest) = split(rest);
        let environment = Some(name(environment)?);
        let Some(rest) = more(rest) else { return place(environment, Resource::Environment) };
        let (word, rest) = split(rest);
        if word != "caches" {
            return place(environment, Resource::Unserved { name: name(word)? });
        }
        place(environment, caches(rest)?)
    }
}

fn caches(rest: Option<&str>) -> Option<Resource> {
    let Some(rest) = more(rest) else { return Some(Resource::Caches) };
    let (cache, rest) = split(rest);
    let cache = name(cache)?;
    let Some(rest) = more(rest) else { return Some(Resource::Cache { name: cache }) };
    match split(rest) {
        ("stats", rest) if more(rest).is_none() => Some(Resource::Stats { cache }),
        // Not `more`: a script's empty variable behind the slash must not mean all entries.
        ("entries", rest) => Some(match rest {
            None => Resource::Entries { cache },
            Some(key) => Resource::Entry { cache, key: percent_decode_str(key).collect() },
        }),
        _ => None,
    }
}

impl Resource {
    /// As `Allow` lists them.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Organization
            | Self::Environments
            | Self::Environment
            | Self::Stats { .. }
            | Self::Unserved { .. } => "GET, HEAD, OPTIONS",
            Self::Caches | Self::Entries { .. } => "GET, HEAD, POST, OPTIONS",
            Self::Cache { .. } | Self::Entry { .. } => "GET, HEAD, PUT, POST, DELETE, OPTIONS",
        }
    }
}

/// The first segment, and what follows its slash.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((segment, rest)) => (segment, Some(rest)),
        None => (path, None),
    }
}

/// A slash at the end has nothing behind it.
fn more(rest: Option<&str>) -> Option<&str> {
    rest.filter(|rest| !rest.is_empty())
}

fn name(segment: &str) -> Option<String> {
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    (!decoded.is_empty()).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(path: &str, environment: Option<&str>, resource: Resource) {
        let expected = Place {
            organization: "org".to_owned(),
            environment: environment.map(str::to_owned),
            resource,
        };
        assert_eq!(Place::parse(path), Some(expected), "{path}");
        assert!(is_of_organizations(path), "{path}");
    }

    fn cache(name: &str) -> Resource {
        Resource::Cache { name: name.to_owned() }
    }

    fn entry(key: &[u8]) -> Resource {
        Resource::Entry { cache: "c".to_owned(), key: key.to_vec() }
    }

    #[test]
    fn both_spellings_name_the_same() {
        check("/v1/o/org", None, Resource::Organization);
        check("/v1/organizations/org/", None, Resource::Organization);
        check("/v1/o/org/e", None, Resource::Environments);
        check("/v1/o/org/environments/", None, Resource::Environments);
        let test = Some("test");
        check("/v1/o/org/e/test", test, Resource::Environment);
        check("/v1/organizations/org/environments/test/caches", test, Resource::Caches);
        check("/v1/o/org/environments/test/caches/", test, Resource::Caches);
        check("/v1/o/org/e/test/caches/c", test, cache("c"));
        check("/v1/o/org/e/test/caches/c/", test, cache("c"));
        check("/v1/o/org/e/test/caches/a%20%24%2Fb", test, cache("a $/b"));
        check("/v1/o/org/e/test/caches/100%", test, cache("100%"));
        let stats = Resource::Stats { cache: "c".to_owned() };
        check("/v1/o/org/e/test/caches/c/stats/", test, stats);
        let entries = Resource::Entries { cache: "c".to_owned() };
        check("/v1/o/org/e/test/caches/c/entries", test, entries);
        check("/v1/o/org/e/test/caches/c/entries/", test, entry(b""));
        check("/v1/o/org/e/test/caches/c/entries/a%2Fb%FF", test, entry(b"a/b\xff"));
        check("/v1/o/org/e/test/caches/c/entries/a/b/", test, entry(b"a/b/"));
        let unserved = Resource::Unserved { name: "apis".to_owned() };
        check("/v1/o/org/apis/demo", None, unserved);
        let unserved = Resource::Unserved { name: "keyvaluemaps".to_owned() };
        check("/v1/o/org/e/test/keyvaluemaps", test, unserved);
    }

    #[test]
    fn other_paths_name_nothing() {
        for path in [
            "/",
            "/v1",
            "/v1/o",
            "/v1/o/",
            "/v1/o//e",
            "/v1/o/%FF",
            "/v1/o/org/e//caches",
            "/v1/o/org/e/test//c",
            "/v1/o/org/e/test/caches/c/stats/x",
            "/v1/o/org/e/test/caches/c/items",
            "/v2/o/org",
        ] {
            assert_eq!(Place::parse(path), None, "{path}");
        }
        assert!(is_of_organizations("/v1/o"));
        assert!(!is_of_organizations("/v1/other"));
        assert!(!is_of_organizations("/cache/o"));
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "(/(v1|o|e|org|caches|entries|%2F|%|[a-z%]{0,3})){0,10}") {
            drop(Place::parse(&path));
        }

        #[test]
        fn an_entry_has_any_key(key in proptest::collection::vec(any::<u8>(), 1..40)) {
            let escaped =
                percent_encoding::percent_encode(&key, percent_encoding::NON_ALPHANUMERIC);
            let place = Place::parse(&format!("/v1/o/org/e/test/caches/c/entries/{escaped}"));
            prop_assert_eq!(place.map(|place| place.resource), Some(entry(&key)));
        }
    }
}
