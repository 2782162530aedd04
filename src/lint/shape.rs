//! What an element may hold, as a table, and what is said of one that holds something else.
//!
//! Source: Apigee docs, the page of each policy; apigeelint for what it reports under which
//! code. A mistake is heard once: where a typed reader has said the same of a place, its finding
//! stays, which knows what has no effect and what mends it; a warning is told under the rule's
//! code instead of the reader's.

use std::collections::{HashMap, HashSet};

use crate::diag::{Diagnostic, Diagnostics, Severity, Span};
use crate::lint::rule::{LintContext, Rule};
use crate::policy::ReadPolicy;
use crate::profile::Profile;
use crate::xml::fields::{BAD_VALUE, DOUBLED, MISSING, UNKNOWN, nearest, parse_flag};
use crate::xml::{Attribute, Element};

/// What an element may hold.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) attributes: Attributes,
    pub(super) holds: Holds,
}

#[derive(Debug)]
pub(super) enum Attributes {
    /// Nobody looks at them.
    Any,
    Only {
        required: &'static [&'static str],
        optional: &'static [&'static str],
    },
}

#[derive(Debug)]
pub(super) enum Holds {
    /// Nobody looks inside.
    Anything,
    /// No element, and maybe a text.
    MayText,
    /// A text, and no element.
    Text,
    /// Nothing, or `true` or `false`.
    Flag,
    Elements(&'static [Child]),
    /// The same, of which at least one is there.
    SomeElements(&'static [Child]),
    /// These, and others that nobody looks at.
    AmongOthers(&'static [Child]),
}

/// An element in its parent.
#[derive(Debug)]
pub(super) struct Child {
    name: &'static str,
    count: Count,
    is_of_x: bool,
    shape: &'static Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Any,
    AtMostOne,
    One,
}

/// As often as one likes.
pub(super) const fn many(name: &'static str, shape: &'static Shape) -> Child {
    Child { name, count: Count::Any, is_of_x: false, shape }
}

/// Not twice.
pub(super) const fn once(name: &'static str, shape: &'static Shape) -> Child {
    Child { name, count: Count::AtMostOne, is_of_x: false, shape }
}

/// Neither twice nor not at all.
pub(super) const fn required(name: &'static str, shape: &'static Shape) -> Child {
    Child { name, count: Count::One, is_of_x: false, shape }
}

/// Not twice, and not under Apigee Edge.
pub(super) const fn once_in_x(name: &'static str, shape: &'static Shape) -> Child {
    Child { name, count: Count::AtMostOne, is_of_x: true, shape }
}

impl Shape {
    /// With any attributes.
    pub(super) const fn of(holds: Holds) -> Self {
        Self { attributes: Attributes::Any, holds }
    }

    /// With no attributes but these.
    pub(super) const fn with(
        required: &'static [&'static str],
        optional: &'static [&'static str],
        holds: Holds,
    ) -> Self {
        Self { attributes: Attributes::Only { required, optional }, holds }
    }
}

pub(super) static ANYTHING: Shape = Shape::of(Holds::Anything);
pub(super) static MAY_TEXT: Shape = Shape::of(Holds::MayText);
pub(super) static TEXT: Shape = Shape::of(Holds::Text);
pub(super) static FLAG: Shape = Shape::of(Holds::Flag);

/// Each policy of the type against the shape of its root element, and what all types share.
pub(super) fn check_policies(
    rule: &'static Rule,
    kind: &str,
    shape: &'static Shape,
    cx: &LintContext<'_>,
    diags: &mut Diagnostics,
) {
    for policy in cx.of_kind(kind) {
        let mut checker = Checker::new(rule, cx, diags);
        checker.shared(policy, shape);
        checker.element(&policy.head.body, shape);
        checker.finish();
    }
}

/// What one rule says of one policy.
pub(super) struct Checker<'d> {
    rule: &'static Rule,
    profile: Profile,
    diags: &'d mut Diagnostics,
    /// What a reader may have said too, by the place and message of the finding here.
    told: HashMap<(Span, String), Told>,
}

/// What a reader says of a place: its code, and what is missing where several things may be.
type Told = (Span, &'static str, Option<String>);

impl<'d> Checker<'d> {
    pub(super) fn new(
        rule: &'static Rule,
        cx: &LintContext<'_>,
        diags: &'d mut Diagnostics,
    ) -> Self {
        Self { rule, profile: cx.view.profile, diags, told: HashMap::new() }
    }

    /// Records a finding of what no reader looks for.
    pub(super) fn report(&mut self, place: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.rule.report(self.diags, place, message)
    }

    /// Records a finding that a reader may have too, under that code.
    fn report_once(&mut self, place: Span, code: &'static str, message: String) -> &mut Diagnostic {
        let missing = (code == MISSING).then(|| message.clone());
        self.told.insert((place, message.clone()), (place, code, missing));
        self.rule.report(self.diags, place, message)
    }

    /// Leaves one finding of what was said twice: the reader's, under the rule's code unless it
    /// is an error.
    pub(super) fn finish(self) {
        let Self { rule, diags, told, .. } = self;
        if told.is_empty() {
            return;
        }
        let own = |found: &Diagnostic| {
            let key = (found.span?, found.message.clone());
            if found.code == rule.code { told.get(&key) } else { None }
        };
        let helps: HashMap<Told, Option<String>> = diags
            .iter()
            .filter_map(|found| Some((own(found)?.clone(), found.help.clone())))
            .collect();
        let readers: HashSet<Told> =
            diags.iter().filter_map(said).filter(|said| helps.contains_key(said)).collect();
        diags.retain(|found| {
            if own(found).is_some_and(|told| readers.contains(told)) {
                return false;
            }
            if let Some(help) = said(found).and_then(|said| helps.get(&said))
                && found.severity == Severity::Warning
            {
                found.code = rule.code;
                found.help = help.clone().or_else(|| found.help.take());
            }
            true
        });
    }

    /// What any policy may hold: one DisplayName; FaultRules never had an effect.
    fn shared(&mut self, policy: &ReadPolicy, shape: &'static Shape) {
        let body = &policy.head.body;
        let is_allowed = children_of(shape).iter().any(|known| known.name == "FaultRules");
        let mut display_name: Option<&Element> = None;
        for child in &policy.head.shared {
            match (child.name.as_str(), display_name) {
                ("DisplayName", Some(first)) => self.doubled(first, child, body),
                ("DisplayName", None) => display_name = Some(child),
                ("FaultRules", _) if !is_allowed => self.stray(child, body, None),
                _ => {}
            }
        }
    }

    pub(super) fn element(&mut self, element: &Element, shape: &'static Shape) {
        if let Attributes::Only { required, optional } = shape.attributes {
            self.attributes(element, required, optional);
        }
        match shape.holds {
            Holds::Anything => {}
            Holds::MayText | Holds::Text => self.no_elements(element),
            Holds::Flag => {
                self.no_elements(element);
                self.flag(element);
            }
            Holds::Elements(children) => self.children(element, children, shape),
            Holds::SomeElements(children) => {
                self.children(element, children, shape);
                if !element.has_elements() {
                    self.report(element.open_span, format!("`{}` is empty", element.name))
                        .help(filling(children));
                }
            }
            Holds::AmongOthers(children) => {
                for child in element.elements() {
                    if let Some(known) = children.iter().find(|known| known.name == child.name) {
                        self.child(child, known, element);
                    }
                }
                self.counts(element, children);
            }
        }
    }

    fn attributes(
        &mut self,
        element: &Element,
        required: &[&'static str],
        optional: &[&'static str],
    ) {
        let parent = &element.name;
        for Attribute { name, name_span, .. } in &element.attributes {
            let name = name.as_str();
            let is_known = required.contains(&name) || optional.contains(&name);
            if is_known || is_foreign(name) {
                continue;
            }
            let known: Vec<&str> = required.iter().chain(optional).copied().collect();
            let message = format!("attribute `{name}` is unknown in `{parent}` and has no effect");
            let found = self.report_once(*name_span, UNKNOWN, message);
            if let Some(near) = nearest(name, &known) {
                found.help(format!("did you mean `{near}`?"));
            }
        }
        for name in required {
            if element.attribute(name).is_none() {
                let message = format!("`{parent}` has no `{name}`");
                self.report_once(element.open_span, MISSING, message);
            }
        }
    }

    fn no_elements(&mut self, element: &Element) {
        for child in element.elements() {
            self.stray(child, element, None);
        }
    }

    fn flag(&mut self, element: &Element) {
        let text = element.text();
        let text = text.trim();
        if !text.is_empty() && parse_flag(text).is_none() {
            let message = format!("`{text}` in `{}` is neither true nor false", element.name);
            self.report_once(element.text_span(), BAD_VALUE, message)
                .help("write `true` or `false`");
        }
    }

    fn children(&mut self, element: &Element, children: &'static [Child], shape: &'static Shape) {
        for child in element.elements() {
            match children.iter().find(|known| known.name == child.name) {
                Some(known) if known.is_of_x && self.profile == Profile::Edge => {
                    let message = format!("Apigee X alone has `{}`", child.name);
                    self.report(child.name_span, message)
                        .note(None, "the configured `profile` is `edge`");
                }
                Some(known) => self.child(child, known, element),
                None => self.stray(child, element, Some(shape)),
            }
        }
        self.counts(element, children);
    }

    fn child(&mut self, child: &Element, known: &Child, parent: &Element) {
        if matches!(known.shape.holds, Holds::Text) && child.is_empty() {
            let message = format!("`{}` in `{}` is empty", child.name, parent.name);
            self.report_once(child.open_span, MISSING, message);
        }
        self.element(child, known.shape);
    }

    /// How often each of them stands.
    fn counts(&mut self, element: &Element, children: &'static [Child]) {
        for known in children.iter().filter(|known| known.count != Count::Any) {
            let mut found = element.elements().filter(|child| child.name == known.name);
            match found.next() {
                Some(first) => {
                    for again in found {
                        self.doubled(first, again, element);
                    }
                }
                None if known.count == Count::One => {
                    let message = format!("`{}` has no `{}`", element.name, known.name);
                    self.report_once(element.name_span, MISSING, message);
                }
                None => {}
            }
        }
    }

    pub(super) fn doubled(&mut self, first: &Element, again: &Element, parent: &Element) {
        let message = format!("a second `{}` in `{}`", again.name, parent.name);
        self.report_once(again.open_span, DOUBLED, message)
            .note(first.open_span, "the first one stands here");
    }

    /// An element that its parent does not have. `shape` is the parent's, where it has children.
    fn stray(&mut self, child: &Element, parent: &Element, shape: Option<&'static Shape>) {
        let message = format!("`{}` is unknown in `{}` and has no effect", child.name, parent.name);
        let help = shape.and_then(|shape| advice(&child.name, shape));
        let found = self.report_once(child.name_span, UNKNOWN, message);
        found.help = help;
    }
}

/// What a finding of a reader says.
fn said(found: &Diagnostic) -> Option<Told> {
    const CODES: [&str; 4] = [MISSING, UNKNOWN, DOUBLED, BAD_VALUE];
    let code = CODES.into_iter().find(|code| *code == found.code)?;
    let missing = (code == MISSING).then(|| found.message.clone());
    Some((found.span?, code, missing))
}

/// Where else below the shape an element of that name may stand, or which name is like it.
fn advice(name: &str, shape: &'static Shape) -> Option<String> {
    if let Some(parent) = parent_of(name, shape, DEPTH_MAX) {
        return Some(format!("it belongs in `{parent}`"));
    }
    let known: Vec<&str> = children_of(shape).iter().map(|child| child.name).collect();
    nearest(name, &known).map(|near| format!("did you mean `{near}`?"))
}

/// Deeper than any table.
const DEPTH_MAX: usize = 8;

fn parent_of(name: &str, shape: &'static Shape, depth_max: usize) -> Option<&'static str> {
    let depth_max = depth_max.checked_sub(1)?;
    children_of(shape).iter().find_map(|child| {
        let is_here = children_of(child.shape).iter().any(|inner| inner.name == name);
        if is_here { Some(child.name) } else { parent_of(name, child.shape, depth_max) }
    })
}

fn children_of(shape: &'static Shape) -> &'static [Child] {
    match shape.holds {
        Holds::Elements(children) | Holds::SomeElements(children) => children,
        Holds::Anything | Holds::MayText | Holds::Text | Holds::Flag | Holds::AmongOthers(_) => &[],
    }
}

/// What to do about an empty element.
fn filling(children: &[Child]) -> String {
    let names: Vec<String> = children.iter().map(|child| format!("`{}`", child.name)).collect();
    match names.len() {
        0..=3 => format!("write {} in it, or delete it", names.join(" or ")),
        _ => "fill it, or delete it".to_owned(),
    }
}

/// Namespace declarations and the like.
fn is_foreign(attribute: &str) -> bool {
    attribute.starts_with("xml") || attribute.contains(':')
}
