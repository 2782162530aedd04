//! PO044: an element that does not belong into a GenerateJWT, or keys and algorithms that do
//! not fit each other.
//! Source: apigeelint PO044; Apigee docs, "GenerateJWT policy": a signed token has an
//! `Algorithm`, an encrypted one `Algorithms` with `Key` and `Content`, and each algorithm
//! takes one kind of key; RFC 7518, sections 3.1, 4.1 and 5.1, for their names.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{
    ANYTHING, Checker, FLAG, Holds, MAY_TEXT, Shape, TEXT, check_policies, many, once, required,
};
use crate::xml::Element;

pub(super) static RULE: Rule = Rule {
    code: "PO044",
    severity: Severity::Warning,
    summary: "misplaced in a GenerateJWT",
    check,
};

static GENERATE_JWT: Shape = Shape::of(Holds::Elements(&[
    many("Algorithm", &TEXT),
    many("Algorithms", &ALGORITHMS),
    once("Type", &MAY_TEXT),
    once("IgnoreUnresolvedVariables", &FLAG),
    many("SecretKey", &SECRET_KEY),
    many("PrivateKey", &PRIVATE_KEY),
    many("PublicKey", &PUBLIC_KEY),
    many("PasswordKey", &PASSWORD_KEY),
    many("DirectKey", &DIRECT_KEY),
    once("Subject", &MAY_TEXT),
    once("Issuer", &MAY_TEXT),
    once("Id", &MAY_TEXT),
    once("Audience", &MAY_TEXT),
    once("NotBefore", &MAY_TEXT),
    once("ExpiresIn", &MAY_TEXT),
    once("AdditionalClaims", &CLAIMS),
    once("CustomClaims", &CLAIMS),
    once("AdditionalHeaders", &CLAIMS),
    once("CriticalHeaders", &MAY_TEXT),
    once("Compress", &FLAG),
    once("OutputVariable", &MAY_TEXT),
    once("Properties", &ANYTHING),
]));

static ALGORITHMS: Shape =
    Shape::of(Holds::Elements(&[required("Key", &TEXT), required("Content", &TEXT)]));
static SECRET_KEY: Shape =
    Shape::of(Holds::Elements(&[once("Value", &MAY_TEXT), once("Id", &MAY_TEXT)]));
static PRIVATE_KEY: Shape = Shape::of(Holds::Elements(&[
    once("Value", &MAY_TEXT),
    once("Id", &MAY_TEXT),
    once("Password", &MAY_TEXT),
]));
static PUBLIC_KEY: Shape = Shape::of(Holds::Elements(&[
    once("Value", &MAY_TEXT),
    once("Certificate", &MAY_TEXT),
    once("JWKS", &MAY_TEXT),
    once("Id", &MAY_TEXT),
]));
static PASSWORD_KEY: Shape = Shape::of(Holds::Elements(&[
    once("Value", &MAY_TEXT),
    once("Id", &MAY_TEXT),
    once("SaltLength", &MAY_TEXT),
    once("PBKDF2Iterations", &MAY_TEXT),
]));
static DIRECT_KEY: Shape =
    Shape::of(Holds::Elements(&[once("Value", &MAY_TEXT), once("Id", &MAY_TEXT)]));
static CLAIMS: Shape = Shape::of(Holds::Elements(&[many("Claim", &MAY_TEXT)]));

const KEYS: [&str; 5] = ["SecretKey", "PrivateKey", "PublicKey", "PasswordKey", "DirectKey"];

/// Each family of signing algorithms and its kind of key; a size follows.
const SIGNING: [(&str, &str); 4] =
    [("HS", "SecretKey"), ("RS", "PrivateKey"), ("PS", "PrivateKey"), ("ES", "PrivateKey")];
const SIGNING_SIZES: [&str; 3] = ["256", "384", "512"];

/// Each algorithm that encrypts the content's key, and its kind of key.
const KEY_ENCRYPTION: &[(&str, &str)] = &[
    ("dir", "DirectKey"),
    ("RSA-OAEP-256", "PublicKey"),
    ("ECDH-ES", "PublicKey"),
    ("ECDH-ES+A128KW", "PublicKey"),
    ("ECDH-ES+A192KW", "PublicKey"),
    ("ECDH-ES+A256KW", "PublicKey"),
    ("A128KW", "SecretKey"),
    ("A192KW", "SecretKey"),
    ("A256KW", "SecretKey"),
    ("A128GCMKW", "SecretKey"),
    ("A192GCMKW", "SecretKey"),
    ("A256GCMKW", "SecretKey"),
    ("PBES2-HS256+A128KW", "PasswordKey"),
    ("PBES2-HS384+A192KW", "PasswordKey"),
    ("PBES2-HS512+A256KW", "PasswordKey"),
];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    check_policies(&RULE, "GenerateJWT", &GENERATE_JWT, cx, diags);
    for policy in cx.of_kind("GenerateJWT") {
        let mut checker = Checker::new(&RULE, cx, diags);
        check_algorithm(&policy.head.body, &mut checker);
        checker.finish();
    }
}

/// One algorithm, and one key of its kind.
fn check_algorithm(body: &Element, checker: &mut Checker<'_>) {
    let is_algorithm = |child: &&Element| matches!(child.name.as_str(), "Algorithm" | "Algorithms");
    let mut algorithms = body.elements().filter(is_algorithm);
    let Some(first) = algorithms.next() else {
        checker
            .report(body.name_span, "`GenerateJWT` has no algorithm")
            .help("write `Algorithm` for a signed token, or `Algorithms` for an encrypted one");
        return;
    };
    for again in algorithms {
        if again.name == first.name {
            checker.doubled(first, again, body);
        } else {
            checker
                .report(again.open_span, format!("`{}` beside `{}`", again.name, first.name))
                .note(first.open_span, "a token is signed or encrypted");
        }
    }
    let is_signed = first.name == "Algorithm";
    let written = if is_signed { Some(first) } else { first.child("Key") };
    // An empty one is told by its shape.
    let Some(written) = written.filter(|found| !found.is_empty()) else { return };
    let text = written.text();
    let mut expected: Option<&str> = None;
    for name in text.split(',').map(str::trim) {
        let key = if is_signed { signing_key(name) } else { encryption_key(name) };
        let Some(key) = key else {
            let does = if is_signed { "signs" } else { "encrypts a key" };
            let message = format!("`{name}` is no algorithm that {does}");
            checker.report(written.text_span(), message);
            return;
        };
        expected.get_or_insert(key);
    }
    if let Some(expected) = expected {
        check_keys(body, written, expected, checker);
    }
}

fn signing_key(algorithm: &str) -> Option<&'static str> {
    SIGNING.iter().find_map(|(family, key)| {
        let size = algorithm.strip_prefix(family)?;
        SIGNING_SIZES.contains(&size).then_some(*key)
    })
}

fn encryption_key(algorithm: &str) -> Option<&'static str> {
    KEY_ENCRYPTION.iter().find(|(name, _)| *name == algorithm).map(|(_, key)| *key)
}

fn check_keys(body: &Element, algorithm: &Element, expected: &str, checker: &mut Checker<'_>) {
    let text = algorithm.text();
    let text = text.trim();
    let mut fitting: Option<&Element> = None;
    for key in body.elements().filter(|child| KEYS.contains(&child.name.as_str())) {
        match fitting {
            Some(first) if key.name == expected => checker.doubled(first, key, body),
            None if key.name == expected => fitting = Some(key),
            Some(_) | None => {
                let message = format!("`{}` is no key for `{text}`", key.name);
                checker
                    .report(key.open_span, message)
                    .note(algorithm.text_span(), format!("it takes one `{expected}`"));
            }
        }
    }
    if fitting.is_none() {
        let message = format!("`{text}` takes a `{expected}`, and there is none");
        checker.report(algorithm.text_span(), message);
    }
}
