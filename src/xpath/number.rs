//! Numbers and their text.
//!
//! Source: XPath 1.0, sections 3.5, 4.2 (`string`) and 4.4.

use crate::xml::scan::is_white_space;

/// White space around, a minus sign, digits, a dot, digits; anything else is NaN.
pub(super) fn parse(text: &str) -> f64 {
    let spelt = text.trim_matches(is_white_space);
    let digits = spelt.strip_prefix('-').unwrap_or(spelt);
    let only = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let dots = digits.bytes().filter(|byte| *byte == b'.').count();
    if !only || dots > 1 || digits.len() == dots {
        return f64::NAN;
    }
    spelt.parse().unwrap_or(f64::NAN)
}

/// Without exponent, with as many digits as tell it from every other number.
pub(super) fn format(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Both zeros are `0`.
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

/// To the nearest integer, a half upward; what rounds to zero from below is negative zero.
pub(super) fn round(number: f64) -> f64 {
    let below = number.floor();
    let rounded = if number - below >= 0.5 { below + 1.0 } else { below };
    if rounded == 0.0 { rounded.copysign(number) } else { rounded }
}
