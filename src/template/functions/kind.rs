//! What a template function is, and what it is handed.

use std::borrow::Cow;
use std::ops::{Deref, RangeInclusive};
use std::rc::Rc;

use crate::message::{MessageContext, View};
use crate::regex::{Generator, JavaRegex, Reach};
use crate::template::{Unresolved, UnresolvedVariable};
use crate::variable::VarRef;

/// A row of the table.
#[derive(Debug)]
pub(in crate::template) struct Function {
    pub(in crate::template) name: &'static str,
    /// How many arguments it takes.
    pub(in crate::template) arity: RangeInclusive<usize>,
    /// What each argument is; the last kind is that of all further ones.
    pub(in crate::template) kinds: &'static [Kind],
    pub(in crate::template) run: Run,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::template) enum Kind {
    Text,
    /// A whole number, which needs no quotes.
    Integer,
    /// One of these words in any case, which need no quotes.
    Word(&'static [&'static str]),
    /// A Java pattern that is looked for.
    Pattern,
    /// A Java pattern that texts are made of.
    Sample,
    /// A format of points in time; one without quotes is tolerated.
    Format,
}

/// Puts its result behind the text. What cannot be computed from the arguments is the empty
/// text; the error is an argument without a value where that is to fail.
pub(in crate::template) type Code =
    fn(&Arguments<'_>, &mut String) -> Result<(), UnresolvedVariable>;

#[derive(Clone, Copy, Debug)]
pub(in crate::template) enum Run {
    /// The same arguments give the same text: literals are computed when the template is parsed.
    Pure(Code),
    Random(Code),
}

/// An argument as it was parsed.
#[derive(Clone, Debug)]
pub(in crate::template) enum Argument {
    Literal(Box<str>),
    Variable { variable: VarRef, default: Option<Box<str>> },
    // Literals in the form that their kind is used in.
    Pattern(JavaRegex),
    Sample(Generator),
}

/// The arguments of one call, with what their variables hold.
pub(in crate::template) struct Arguments<'a> {
    pub(in crate::template) list: &'a [Argument],
    /// `None` where all are literals.
    pub(in crate::template) cx: Option<&'a MessageContext>,
    pub(in crate::template) unresolved: Unresolved,
}

/// A compiled literal, or what a variable's text was compiled to.
pub(in crate::template) enum Compiled<'a, T> {
    Literal(&'a T),
    Variable(Rc<T>),
}

impl<T> Deref for Compiled<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Literal(compiled) => compiled,
            Self::Variable(compiled) => compiled,
        }
    }
}

impl<'a> Arguments<'a> {
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// The nth argument; one that was not given is empty.
    pub(super) fn text(&self, nth: usize) -> Result<Cow<'a, str>, UnresolvedVariable> {
        self.view(nth).map(View::into_text)
    }

    /// As [`Arguments::text`], also of content that is no text.
    pub(super) fn bytes(&self, nth: usize) -> Result<Cow<'a, [u8]>, UnresolvedVariable> {
        self.view(nth).map(bytes_of)
    }

    /// `None` where the text is no whole number.
    pub(super) fn integer(&self, nth: usize) -> Result<Option<i64>, UnresolvedVariable> {
        Ok(match self.view(nth)? {
            View::Integer(n) => Some(i64::from(n)),
            View::Long(n) => Some(n),
            other => other.into_text().trim().parse().ok(),
        })
    }

    /// `None` where the argument is no pattern.
    pub(super) fn pattern(
        &self,
        nth: usize,
    ) -> Result<Option<Compiled<'a, JavaRegex>>, UnresolvedVariable> {
        if let Some(Argument::Pattern(regex)) = self.list.get(nth) {
            return Ok(Some(Compiled::Literal(regex)));
        }
        Ok(JavaRegex::kept(&self.text(nth)?, Reach::Part).map(Compiled::Variable))
    }

    /// `None` where the argument is no pattern that texts can be made of.
    pub(super) fn sample(
        &self,
        nth: usize,
    ) -> Result<Option<Compiled<'a, Generator>>, UnresolvedVariable> {
        if let Some(Argument::Sample(generator)) = self.list.get(nth) {
            return Ok(Some(Compiled::Literal(generator)));
        }
        let generator = Generator::compile(&self.text(nth)?);
        Ok(generator.ok().map(|generator| Compiled::Variable(Rc::new(generator))))
    }

    /// The nth argument, which may be without a value.
    pub(super) fn value(&self, nth: usize) -> Option<View<'a>> {
        match self.list.get(nth)? {
            Argument::Literal(text) => Some(View::Text(Cow::Borrowed(text))),
            Argument::Variable { variable, default } => {
                let default = default.as_deref().map(|text| View::Text(Cow::Borrowed(text)));
                self.cx.and_then(|cx| cx.get(variable)).or(default)
            }
            Argument::Pattern(_) | Argument::Sample(_) => None,
        }
    }

    fn view(&self, nth: usize) -> Result<View<'a>, UnresolvedVariable> {
        match (self.value(nth), self.list.get(nth), self.unresolved) {
            (Some(view), _, _) => Ok(view),
            (None, Some(Argument::Variable { variable, .. }), Unresolved::Fails) => {
                Err(UnresolvedVariable { name: variable.name().to_owned() })
            }
            (None, _, _) => Ok(View::Text(Cow::Borrowed(""))),
        }
    }
}

fn bytes_of(view: View<'_>) -> Cow<'_, [u8]> {
    match view {
        View::Bytes(Cow::Borrowed(bytes)) => Cow::Borrowed(bytes),
        View::Bytes(Cow::Owned(bytes)) => Cow::Owned(bytes.to_vec()),
        other => match other.into_text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
    }
}
