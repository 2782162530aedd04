use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::policy::testing::{Rig, findings, read, run};

#[test]
fn lists_of_headers_have_a_limit() {
    let policy = |headers: &str| {
        format!(
            "<CORS name='C'><AllowOrigins>*</AllowOrigins><AllowHeaders>{headers}</AllowHeaders>\
             <ExposeHeaders>{headers}</ExposeHeaders></CORS>"
        )
    };
    let at_the_limit = "h".repeat(HEADERS_BYTES_MAX);
    assert_eq!(read(&policy(&at_the_limit)).1, "");
    let found = read(&policy(&format!("{at_the_limit}h"))).1;
    expect![[r#"
        p.xml:1:60: error[GW348]: AllowHeadersSizeTooLarge: AllowHeaders has 8193 bytes, more than 8192
        p.xml:1:8283: error[GW348]: ExposeHeadersSizeTooLarge: ExposeHeaders has 8193 bytes, more than 8192
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_template_may_name_any_method() {
    let text = "<CORS name='C'><AllowOrigins>*</AllowOrigins>\
        <AllowMethods>{a}, FETCH</AllowMethods><MaxAge>0</MaxAge></CORS>";
    assert_eq!(findings(text), "");
}

fn preflight_of(method: &str, headers: &str) -> Preflight {
    Preflight {
        method: HeaderValue::from_str(method).unwrap(),
        headers: Some(HeaderValue::from_str(headers).unwrap()),
    }
}

proptest! {
    /// A preflight that asks for what the lists hold is accepted, however they are written.
    #[test]
    fn what_is_listed_is_accepted(
        headers in proptest::collection::vec("[a-z-]{1,8}", 1..6),
        space in " {0,2}",
        at in any::<proptest::sample::Index>(),
    ) {
        let lists = Lists {
            origins: "*".to_owned(),
            methods: format!("GET,{space}PUT"),
            headers: headers.join(&format!("{space},{space}")),
            expose: None,
        };
        let asked = format!("{space}{},", at.get(&headers).to_uppercase());
        prop_assert!(lists.accepts(&preflight_of("PUT", &asked)));
        prop_assert!(!lists.accepts(&preflight_of("POST", &asked)));
        let more = asked.clone() + "9";
        prop_assert!(!lists.accepts(&preflight_of("PUT", &more)));
    }

    /// No list and no origin stops the policy, and no answer holds a line end.
    #[test]
    fn any_list_is_read(list in r#"[a-zé*,; "'/:.\n]{0,40}"#, origin in "[ -~]{0,40}") {
        let mut rig = Rig::new();
        let text = format!(
            "<CORS name='C'><AllowOrigins>a{list}</AllowOrigins><AllowHeaders>h{list}</AllowHeaders></CORS>"
        );
        let step = rig.link(&text);
        let mut cx = rig.context();
        cx.request.headers.insert(ORIGIN, HeaderValue::from_str(&origin).unwrap());
        run(&step, &mut cx).unwrap();
    }
}
