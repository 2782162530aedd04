//! The key of a cache entry: `CacheKey` and `Scope`, which all cache policies share.
//!
//! Source: Apigee docs, "Working with cache keys" and "LookupCache policy". The key is the
//! prefix, or what the scope stands for, then every fragment, joined by `__`; values are
//! used as they are. Scopes use the long form (`org__env__proxy__revision__endpoint`), the
//! only one that the documentation shows whole. Keys are bytes.
//! Findings: `GW301` to `GW303`.

use smallvec::SmallVec;

use crate::diag::{Diagnostics, Severity, Span};
use crate::message::{MessageContext, Value, View};
use crate::store::cache::KEY_BYTES_MAX;
use crate::variable::{Bind, Bindable, VarRef};
use crate::xml::fields::{BAD_VALUE, nearest};
use crate::xml::{Element, Fields, FromXml, Text};

/// A part of a key has a variable and a text.
const REF_AND_TEXT: &str = "GW301";
/// A key has no fragment.
const NO_FRAGMENT: &str = "GW302";
/// A scope beside a prefix.
const UNUSED_SCOPE: &str = "GW303";

const SEPARATOR: &str = "__";
/// Keys up to this length are built without an allocation.
const INLINE_BYTES: usize = 256;

#[derive(Debug)]
pub(super) struct CacheKey {
    prefix: Option<KeyPart>,
    fragments: Vec<KeyPart>,
    scope: Scope,
    pub(super) span: Span,
}

/// Whose entries these are, where there is no prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scope {
    Global,
    Application,
    Proxy,
    Target,
    /// As `Proxy` in a ProxyEndpoint, as `Target` in a TargetEndpoint.
    #[default]
    Exclusive,
}

/// `Prefix` or `KeyFragment`: the variable where it has a value, else the text.
#[derive(Debug)]
struct KeyPart {
    variable: Option<VarRef>,
    text: Option<String>,
}

impl CacheKey {
    /// Reads `CacheKey` and `Scope` of a policy. `None` where there is no `CacheKey`.
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Option<Self> {
        let scope: Option<WrittenScope> = xml.optional("Scope");
        let key: Self = xml.required("CacheKey")?;
        let Some(WrittenScope { scope, text }) = scope else { return Some(key) };
        if key.has_prefix() {
            let message = format!("Scope `{}` has no effect beside a Prefix", text.value);
            let removal = xml.element().child("Scope").map(Element::removal);
            let found = xml.diags().report(UNUSED_SCOPE, Severity::Note, text.span, message);
            if let Some(removal) = removal {
                found.fix(removal, "");
            }
        }
        Some(Self { scope, ..key })
    }

    pub(super) fn has_prefix(&self) -> bool {
        self.prefix.is_some()
    }

    /// What the scope is called. `None` beside a prefix, where it has no effect.
    pub(super) fn scope_name(&self) -> Option<&'static str> {
        let found = Scope::ALL.iter().find(|(_, scope)| *scope == self.scope);
        found.map(|(name, _)| *name).filter(|_| !self.has_prefix())
    }

    /// The key of this request.
    pub(super) fn compose(&self, cx: &MessageContext, key: &mut KeyBuffer) {
        self.compose_in(cx, &ScopeNames::of(cx), key);
    }

    /// The key with names that may be another proxy's.
    pub(super) fn compose_in(
        &self,
        cx: &MessageContext,
        names: &ScopeNames<'_>,
        key: &mut KeyBuffer,
    ) {
        match &self.prefix {
            Some(prefix) => prefix.push(cx, key),
            None => self.scope.push(cx, names, key),
        }
        for fragment in &self.fragments {
            key.push(SEPARATOR.as_bytes());
            fragment.push(cx, key);
        }
    }

    /// The prefix alone, or nothing where there is none.
    pub(super) fn compose_prefix(&self, cx: &MessageContext, key: &mut KeyBuffer) {
        if let Some(prefix) = &self.prefix {
            prefix.push(cx, key);
        }
    }

    /// The parts as written, variables in braces, so that two policies can be compared.
    pub(super) fn as_written(&self) -> String {
        let parts = self.prefix.iter().chain(&self.fragments).map(KeyPart::as_written);
        parts.collect::<Vec<_>>().join(SEPARATOR)
    }
}

impl FromXml for CacheKey {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        let prefix = xml.child("Prefix");
        let prefix = prefix.and_then(|prefix| KeyPart::read(prefix, xml.diags()));
        let fragments = xml.children("KeyFragment");
        let fragments: Vec<_> =
            fragments.into_iter().filter_map(|part| KeyPart::read(part, xml.diags())).collect();
        if fragments.is_empty() {
            xml.diags()
                .warning(NO_FRAGMENT, element.open_span, "`CacheKey` has no `KeyFragment`")
                .note(None, "every request shares one entry");
        }
        xml.finish();
        Some(Self { prefix, fragments, scope: Scope::default(), span: element.span })
    }
}

impl Bindable for CacheKey {
    fn bind(&mut self, binder: &mut dyn Bind) {
        for part in self.prefix.iter_mut().chain(&mut self.fragments) {
            part.variable.bind(binder);
        }
    }
}

impl Scope {
    const ALL: [(&'static str, Self); 5] = [
        ("Global", Self::Global),
        ("Application", Self::Application),
        ("Proxy", Self::Proxy),
        ("Target", Self::Target),
        ("Exclusive", Self::Exclusive),
    ];

    fn push(self, cx: &MessageContext, names: &ScopeNames<'_>, key: &mut KeyBuffer) {
        key.push(cx.facts.organization.as_bytes());
        key.push_next(&cx.facts.environment);
        let endpoint = match self {
            Self::Global => return,
            Self::Application => return key.push_next(names.proxy),
            Self::Proxy => names.endpoint,
            Self::Target => names.target,
            Self::Exclusive if cx.phase.is_target() => names.target,
            Self::Exclusive => names.endpoint,
        };
        key.push_next(names.proxy);
        key.push_next(names.revision);
        key.push_next(endpoint);
    }
}

struct WrittenScope {
    scope: Scope,
    text: Text,
}

impl FromXml for WrittenScope {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let text = Text::from_xml(element, diags)?;
        if let Some((_, scope)) = Scope::ALL.iter().find(|(name, _)| *name == text.value) {
            return Some(Self { scope: *scope, text });
        }
        let names = Scope::ALL.map(|(name, _)| name);
        let message = format!("`{}` is no Scope", text.value);
        let finding = diags.error(BAD_VALUE, text.span, message);
        finding.note(None, format!("the scopes are {}", names.join(", ")));
        if let Some(near) = nearest(&text.value, &names) {
            finding.help(format!("did you mean `{near}`?"));
        }
        None
    }
}

impl KeyPart {
    /// Empty is "not given". White space around a text belongs to it.
    fn read(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        let variable = xml.attribute("ref").map(|found| VarRef::parse(&found.value));
        xml.ignore(&["type"]); // `type="string"` of old samples.
        xml.finish();
        let text = (!element.is_empty()).then(|| element.text());
        if let (Some(variable), Some(text)) = (&variable, &text) {
            diags
                .warning(
                    REF_AND_TEXT,
                    element.text_span(),
                    format!("`{}` has both a ref and a text", element.name),
                )
                .note(
                    None,
                    format!(
                        "`{}` stands in only where `{}` has no value",
                        text.trim(),
                        variable.name()
                    ),
                );
        }
        (variable.is_some() || text.is_some()).then_some(Self { variable, text })
    }

    /// Unknown: what a variable without a value contributes. It is empty and keeps its
    /// separator, so that every other part keeps its place.
    fn push(&self, cx: &MessageContext, key: &mut KeyBuffer) {
        match self.variable.as_ref().and_then(|variable| cx.get(variable)) {
            Some(View::Bytes(bytes)) => key.push(&bytes),
            Some(view) => key.push(view.into_text().as_bytes()),
            None => key.push(self.text.as_deref().unwrap_or("").as_bytes()),
        }
    }

    fn as_written(&self) -> String {
        match (&self.variable, &self.text) {
            (Some(variable), _) => format!("{{{}}}", variable.name()),
            (None, text) => text.clone().unwrap_or_default(),
        }
    }
}

/// The names that a scope is made of, beside organization and environment.
pub(super) struct ScopeNames<'a> {
    pub(super) proxy: &'a str,
    pub(super) revision: &'a str,
    pub(super) endpoint: &'a str,
    /// Empty while no target is chosen.
    pub(super) target: &'a str,
}

impl<'a> ScopeNames<'a> {
    pub(super) fn of(cx: &'a MessageContext) -> Self {
        let chosen = cx.target.as_ref().map(|target| &target.facts.name);
        Self {
            proxy: &cx.facts.proxy,
            revision: &cx.facts.revision,
            endpoint: &cx.endpoint_name,
            target: chosen.or(cx.route_target.as_ref()).map_or("", |name| name),
        }
    }
}

/// A key as it grows. What is past [`KEY_BYTES_MAX`] is not kept.
#[derive(Default)]
pub(super) struct KeyBuffer {
    bytes: SmallVec<[u8; INLINE_BYTES]>,
    too_long: bool,
}

impl KeyBuffer {
    /// `None` where it is longer than a key can be.
    pub(super) fn get(&self) -> Option<&[u8]> {
        (!self.too_long).then_some(&self.bytes)
    }

    /// As `cachekey` shows it; of a key that is too long, what a key has room for.
    pub(super) fn to_value(&self) -> Value {
        Value::from(String::from_utf8_lossy(&self.bytes).into_owned())
    }

    /// Another part behind those that it has.
    pub(super) fn push_part(&mut self, part: &[u8]) {
        self.push(SEPARATOR.as_bytes());
        self.push(part);
    }

    /// More of the last part.
    pub(super) fn push_more(&mut self, more: &[u8]) {
        self.push(more);
    }

    fn push(&mut self, part: &[u8]) {
        let room = KEY_BYTES_MAX - self.bytes.len();
        self.too_long |= part.len() > room;
        self.bytes.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn push_next(&mut self, part: &str) {
        self.push_part(part.as_bytes());
    }
}

#[cfg(test)]
mod tests;
