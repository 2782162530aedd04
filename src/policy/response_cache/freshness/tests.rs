use http::HeaderValue;
use proptest::prelude::*;

use super::*;

/// 2013-08-21T19:16:47Z.
const NOW_MS: i64 = 1_377_112_607_000;

fn headers(cache_control: &[&str], expires: Option<&str>) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    let controls = cache_control.iter().map(|text| (CACHE_CONTROL, value(text)));
    controls.chain(expires.map(|text| (EXPIRES, value(text)))).collect()
}

fn seconds(seconds: u64) -> Option<Ttl> {
    Some(Ttl::For(Duration::from_secs(seconds)))
}

#[test]
fn the_first_that_is_there_says_how_long() {
    const THIRTEEN: Option<&str> = Some("Wed, 21 Aug 2013 19:17:00 GMT");
    for (cache_control, expires, expected) in [
        (&[][..], None, None),
        (&["max-age=10"], None, seconds(10)),
        (&["Max-Age = 10"], None, seconds(10)),
        (&["max-age=\"10\""], None, seconds(10)),
        (&["public", "max-age=10, s-maxage=20"], THIRTEEN, seconds(20)),
        (&["max-age=10"], THIRTEEN, seconds(10)),
        (&["max-age=10, max-age=20"], None, seconds(10)),
        (&["no-store"], THIRTEEN, seconds(13)),
        (&["max-age=0"], THIRTEEN, Some(Ttl::DoNotStore)),
        (&["max-age=99999999999999999999"], None, Some(Ttl::For(TTL_MAX))),
        (&["max-age=-1"], THIRTEEN, seconds(13)),
        (&["max-age=1.5, max-age"], None, None),
        (&["x=\"max-age=1\", private=\"max-age=2\""], None, None),
        (&[], Some("Wednesday, 21-Aug-13 19:17:00 GMT"), seconds(13)),
        (&[], Some("Wed Aug 21 19:17:00 2013"), seconds(13)),
        (&[], Some("Wed, 21 Aug 2013 19:16:47 GMT"), Some(Ttl::DoNotStore)),
        (&[], Some("Wed, 21 Aug 9999 19:16:47 GMT"), Some(Ttl::For(TTL_MAX))),
        (&[], Some("0"), Some(Ttl::DoNotStore)),
        (&[], Some("Wed, 32 Aug 2013 19:17:00 GMT"), Some(Ttl::DoNotStore)),
    ] {
        let headers = headers(cache_control, expires);
        let ttl = Directives::of(&headers).ttl(&headers, NOW_MS);
        assert_eq!(ttl, expected, "{cache_control:?} {expires:?}");
    }
}

#[test]
fn directives_count_in_any_order() {
    for (cache_control, is_private, no_cache) in [
        (&["private"][..], true, false),
        (&["PRIVATE=\"a, public\", max-age=1"], true, false),
        (&["private, public"], false, false),
        (&["public", "private"], false, false),
        (&["no-cache"], false, true),
        (&["no-cache=\"set-cookie\""], false, true),
        (&["no-caches, unprivate"], false, false),
        (&["x=\"no-cache, private\""], false, false),
        (&[","], false, false),
    ] {
        let found = Directives::of(&headers(cache_control, None));
        assert_eq!(
            (found.is_private(), found.no_cache),
            (is_private, no_cache),
            "{cache_control:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_header_stops_the_reader(text in r#"[a-z0-9-,="; ]{0,60}"#, expires in r"[ -~]{0,40}") {
        let headers = headers(&[&text], Some(&expires));
        Directives::of(&headers).ttl(&headers, NOW_MS);
    }
}
