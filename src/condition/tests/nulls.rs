use super::*;

/// The columns: left null, right null, both null.
#[test]
fn nulls_follow_the_table() {
    for (operator, left, right, both) in [
        ("=", false, false, true),
        ("==", false, false, true),
        (":=", false, false, true),
        ("!=", true, true, false),
        ("=|", false, false, false),
        (">", true, false, false),
        (">=", false, true, true),
        ("<", true, false, false),
        ("<=", true, false, true),
        ("~", false, false, false),
        ("~~", false, false, false),
        ("~/", false, false, false),
        ("!~", true, false, false),
    ] {
        let set = [("set", "5")];
        check(&format!("unset {operator} set"), &set, left);
        check(&format!("unset {operator} \"5\""), &set, left);
        check(&format!("null {operator} set"), &set, left);
        check(&format!("set {operator} unset"), &set, right);
        check(&format!("set {operator} null"), &set, right);
        check(&format!("unset {operator} other"), &set, both);
        check(&format!("unset {operator} null"), &set, both);
        check(&format!("null {operator} null"), &set, both);
    }
}

#[test]
fn null_is_not_the_empty_text() {
    check("a = null", &[("a", "")], false);
    check("a = \"\"", &[("a", "")], true);
    check("unset = \"\"", &[], false);
    check("unset > 5", &[], true);
    check("unset < 5", &[], true);
    check("not (unset Matches \"x\")", &[], true);
    check("unset not Matches \"x\"", &[], true);
    check("request.header.x = null", &[], true);
    check("request.queryparam.q = null", &[], false);
    check("request.queryparam.x is null", &[], true);
    check("request.formparam.x is null", &[], true);
}
