use proptest::prelude::*;

use super::*;

fn headers(name: http::HeaderName, values: &[&str]) -> HeaderMap {
    let values = values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap()));
    values.collect()
}

#[test]
fn tags_are_compared_without_their_weakness() {
    for (list, tag, expected) in [
        (r#""a""#, r#""a""#, true),
        (r#"W/"a""#, r#""a""#, true),
        (r#""a""#, r#"W/"a""#, true),
        (r#""b" , W/"a""#, r#""a""#, true),
        (r#""b""#, r#""a""#, false),
        // A comma in a tag parts none.
        (r#""a,b""#, r#""a,b""#, true),
        (r#""a,b""#, r#""a"#, false),
        (r#""a", "b"#, r#""a""#, true),
        ("a", "a", true),
        ("", r#""a""#, false),
        (",,", r#""a""#, false),
    ] {
        assert_eq!(names_tag(list.as_bytes(), tag.as_bytes()), expected, "{list} and {tag}");
    }
}

#[test]
fn codings_are_taken_as_the_client_says() {
    for (offers, coding, expected) in [
        (&["gzip"][..], "gzip", true),
        (&["GZip"], "gzip", true),
        (&["x-gzip"], "gzip", true),
        (&["gzip"], "x-gzip", true),
        (&["br, gzip;q=0.5"], "gzip", true),
        (&["br", "gzip"], "gzip", true),
        (&["gzip;q=0"], "gzip", false),
        (&["gzip; Q = 0.000"], "gzip", false),
        (&["gzip;q=0", "*"], "gzip", false),
        (&["*"], "gzip", true),
        (&["*;q=0"], "gzip", false),
        (&["br"], "gzip", false),
        (&["identity"], "gzip", false),
        (&[], "gzip", false),
        (&[], "identity", true),
        (&[""], "gzip", false),
        // All of several.
        (&["gzip, br"], "gzip, br", true),
        (&["gzip"], "gzip, br", false),
    ] {
        let headers = headers(ACCEPT_ENCODING, offers);
        let coding = HeaderValue::from_static(coding);
        assert_eq!(accepts(&headers, &coding), expected, "{offers:?} and {coding:?}");
    }
}

proptest! {
    #[test]
    fn nothing_stops_the_readers(
        list in proptest::collection::vec(any::<u8>(), 0..40),
        tag in proptest::collection::vec(any::<u8>(), 0..8),
        offers in r#"[a-z*;=q0-9., "]{0,40}"#,
    ) {
        names_tag(&list, &tag);
        accepts(&headers(ACCEPT_ENCODING, &[&offers]), &HeaderValue::from_static("gzip"));
    }

    /// A tag in a list of tags is found, wherever it stands.
    #[test]
    fn a_tag_of_the_list_is_found(
        tags in proptest::collection::vec(r#"(W/)?"[a-c,]{0,4}""#, 1..5),
        at in any::<proptest::sample::Index>(),
    ) {
        let tag = at.get(&tags);
        prop_assert!(names_tag(tags.join(", ").as_bytes(), tag.as_bytes()));
    }
}
