//! Numbers and texts by chance, from a generator that is safe for secrets.
//!
//! Source: Apigee docs, "Message templates". Unknown: whether the bounds of `randomLong` belong
//! to it; they do.

use std::fmt::Write;

use uuid::Uuid;

use crate::template::UnresolvedVariable;
use crate::template::functions::kind::Arguments;

pub(super) fn uuid(_: &Arguments<'_>, out: &mut String) -> Result<(), UnresolvedVariable> {
    out.push_str(Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    Ok(())
}

/// The least and the greatest number; without one the type's. Bounds that are no numbers, or in
/// the wrong order, give the empty text.
pub(super) fn long(arguments: &Arguments<'_>, out: &mut String) -> Result<(), UnresolvedVariable> {
    let least = if arguments.count() > 0 { arguments.integer(0)? } else { Some(i64::MIN) };
    let most = if arguments.count() > 1 { arguments.integer(1)? } else { Some(i64::MAX) };
    if let (Some(least), Some(most)) = (least, most)
        && least <= most
    {
        write!(out, "{}", rand::random_range(least..=most))
            .expect("a String takes all that is written");
    }
    Ok(())
}

/// What is no pattern, or one whose texts are too long, gives the empty text.
pub(super) fn text(arguments: &Arguments<'_>, out: &mut String) -> Result<(), UnresolvedVariable> {
    let generator = arguments.sample(0)?;
    let before = out.len();
    if generator.and_then(|generator| generator.generate(out)).is_none() {
        out.truncate(before);
    }
    Ok(())
}
