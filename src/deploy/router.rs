//! From a request's path to the endpoint whose base path fits best.
//!
//! Source: Apigee docs, "API proxy configuration reference", base paths: whole elements,
//! `*` for exactly one. The longest match wins; at equal length a literal element beats `*`,
//! from left to right.

use hashbrown::HashMap;

/// A tree over path elements. `T` is what a base path leads to.
#[derive(Debug)]
pub(super) struct Router<T> {
    root: Node<T>,
}

#[derive(Debug)]
struct Node<T> {
    value: Option<T>,
    literal: HashMap<String, Node<T>, foldhash::fast::RandomState>,
    any: Option<Box<Node<T>>>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { value: None, literal: HashMap::default(), any: None }
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

/// What a path found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a, T> {
    pub(super) value: &'a T,
    /// How many bytes of the path the base path covers; the rest is empty or starts with `/`.
    pub(super) bytes: usize,
}

impl<T> Router<T> {
    /// Puts `value` at a base path. What stood there is handed back and replaced.
    pub(super) fn insert(&mut self, base_path: &str, value: T) -> Option<T> {
        let mut node = &mut self.root;
        for element in elements(base_path) {
            node = if element == "*" {
                node.any.get_or_insert_default()
            } else {
                node.literal.entry_ref(element).or_default()
            };
        }
        node.value.replace(value)
    }

    /// `path` starts with `/` and has no query.
    pub(super) fn find(&self, path: &str) -> Option<Found<'_, T>> {
        let mut best = self.root.value.as_ref().map(|value| Found { value, bytes: 0 });
        search(&self.root, path, 0, &mut best);
        best
    }
}

fn elements(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|element| !element.is_empty())
}

/// Literal children first, so that the first match of a length is the right one.
fn search<'a, T>(node: &'a Node<T>, path: &str, at: usize, best: &mut Option<Found<'a, T>>) {
    let Some(rest) = path.get(at..).and_then(|rest| rest.strip_prefix('/')) else { return };
    let element = rest.split('/').next().unwrap_or(rest);
    if element.is_empty() {
        return;
    }
    let end = at + 1 + element.len();
    for child in [node.literal.get(element), node.any.as_deref()].into_iter().flatten() {
        if let Some(value) = &child.value
            && best.as_ref().is_none_or(|found| found.bytes < end)
        {
            *best = Some(Found { value, bytes: end });
        }
        search(child, path, end, best);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base_paths: &[&'static str], path: &str, expected: Option<(&str, &str)>) {
        let mut router = Router::default();
        for base_path in base_paths {
            assert!(router.insert(base_path, *base_path).is_none());
        }
        let found = router.find(path).map(|found| (*found.value, &path[found.bytes..]));
        assert_eq!(found, expected, "{path} in {base_paths:?}");
    }

    #[test]
    fn whole_elements_match() {
        let paths = &["/v1/weather"];
        check(paths, "/v1/weather", Some(("/v1/weather", "")));
        check(paths, "/v1/weather/", Some(("/v1/weather", "/")));
        check(paths, "/v1/weather/x", Some(("/v1/weather", "/x")));
        check(paths, "/v1/weatherx", None);
        check(paths, "/v1", None);
        check(paths, "/V1/weather", None);
    }

    #[test]
    fn the_longest_wins_and_a_literal_beats_a_star() {
        let paths = &["/", "/a", "/a/*", "/a/b", "/a/*/c", "/*/b/c/d"];
        check(paths, "/", Some(("/", "/")));
        check(paths, "/x", Some(("/", "/x")));
        check(paths, "/a", Some(("/a", "")));
        check(paths, "/a/", Some(("/a", "/")));
        check(paths, "/a/b", Some(("/a/b", "")));
        check(paths, "/a/z", Some(("/a/*", "")));
        check(paths, "/a/b/c", Some(("/a/*/c", "")));
        check(paths, "/a/b/c/d", Some(("/*/b/c/d", "")));
        check(paths, "/a/b/x", Some(("/a/b", "/x")));
    }

    #[test]
    fn the_slash_at_the_end_of_a_base_path_does_not_matter() {
        check(&["/a/"], "/a/b", Some(("/a/", "/b")));
    }
}
