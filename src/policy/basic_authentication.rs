//! BasicAuthentication: joins a user and a password into a Basic credential (`Encode`), or
//! takes one apart (`Decode`).
//! Source: Apigee docs, "BasicAuthentication policy", its runtime and deployment error pages.
//! Faults (500): `steps.basicauthentication.UnresolvedVariable`,
//! `.InvalidBasicAuthenticationSource`. Findings: `GW320` (UserNameRequired, PasswordRequired,
//! AssignToRequired, SourceRequired).

mod page;

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext, Value};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::policy::lookup_cache::warn_read_only;
use crate::template::RefOrText;
use crate::variable::VarRef;
use crate::xml::fields::BAD_VALUE;
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "BasicAuthentication",
    failed_prefix: "BasicAuthentication",
    read,
    page: &page::PAGE,
};

const UNRESOLVED: &str = "steps.basicauthentication.UnresolvedVariable";
const INVALID_SOURCE: &str = "steps.basicauthentication.InvalidBasicAuthenticationSource";

/// What the operation cannot do without is not there.
const REQUIRED: &str = "GW320";

/// Takes credentials with and without `=` at their end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

enum BasicAuthentication {
    Encode(Encode),
    Decode(Decode),
}

struct Encode {
    user: RefOrText,
    password: RefOrText,
    assign_to: VarRef,
    /// Whether a value that is there already is replaced.
    overwrite: bool,
    ignore_unresolved: bool,
}

struct Decode {
    source: VarRef,
    user: VarRef,
    password: VarRef,
    ignore_unresolved: bool,
}

/// Says nothing of what it holds: a password may stand in it.
impl fmt::Debug for BasicAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicAuthentication")
    }
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let operation: Option<Text> = xml.required("Operation");
    let ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", true);
    let policy = match operation.as_ref().map(|text| text.value.as_str()) {
        Some("Encode") => {
            xml.ignore(&["Source"]);
            Encode::read(&mut xml, ignore_unresolved).map(BasicAuthentication::Encode)
        }
        Some("Decode") => {
            xml.ignore(&["AssignTo"]);
            Decode::read(&mut xml, ignore_unresolved).map(BasicAuthentication::Decode)
        }
        Some(other) => {
            let message = format!("`{other}` in Operation is neither Encode nor Decode");
            xml.diags().error(BAD_VALUE, operation.as_ref().map(|text| text.span), message);
            xml.ignore(&["User", "Password", "AssignTo", "Source"]);
            None
        }
        None => {
            xml.ignore(&["User", "Password", "AssignTo", "Source"]);
            None
        }
    };
    xml.finish();
    Some(Box::new(policy?))
}

impl Encode {
    fn read(xml: &mut Fields<'_, '_>, ignore_unresolved: bool) -> Option<Self> {
        let user: Option<RefOrText> = xml.optional("User");
        let password: Option<RefOrText> = xml.optional("Password");
        let overwrite = xml
            .element()
            .child("AssignTo")
            .and_then(|found| found.attribute("createNew"))
            .is_some_and(|found| found.value.trim().eq_ignore_ascii_case("true"));
        let assign_to: Option<Text> = xml.optional("AssignTo");
        require(xml, user.is_some(), "Username", "Encode");
        require(xml, password.is_some(), "Password", "Encode");
        require(xml, assign_to.is_some(), "AssignTo", "Encode");
        let assign_to = assign_to?;
        warn_read_only(&assign_to, xml.diags());
        Some(Self {
            user: user?,
            password: password?,
            assign_to: VarRef::parse(&assign_to.value),
            overwrite,
            ignore_unresolved,
        })
    }
}

impl Decode {
    fn read(xml: &mut Fields<'_, '_>, ignore_unresolved: bool) -> Option<Self> {
        let user = xml.optional("User").and_then(|user: RefOrText| user.variable);
        let password = xml.optional("Password").and_then(|password: RefOrText| password.variable);
        let source: Option<VarRef> = xml.optional("Source");
        require(xml, user.is_some(), "Username", "Decode");
        require(xml, password.is_some(), "Password", "Decode");
        require(xml, source.is_some(), "Source", "Decode");
        Some(Self { source: source?, user: user?, password: password?, ignore_unresolved })
    }
}

/// In Apigee's words.
fn require(xml: &mut Fields<'_, '_>, is_there: bool, element: &str, operation: &str) {
    if !is_there {
        let place = xml.element().name_span;
        let message = format!(
            "BasicAuthenticationPolicy: {element} element must be present for {operation} operation."
        );
        xml.diags().error(REQUIRED, place, message);
    }
}

impl Policy for BasicAuthentication {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(self: Box<Self>, linker: &mut dyn Linker) -> Step {
        match *self {
            Self::Encode(mut encode) => {
                linker.bind(&mut encode.user);
                linker.bind(&mut encode.password);
                // Read before it is written, to see whether it has a value.
                linker.bind_variable(&mut encode.assign_to);
                Step::Pure(Box::new(encode))
            }
            Self::Decode(mut decode) => {
                linker.bind_variable(&mut decode.source);
                linker.bind_output(&mut decode.user);
                linker.bind_output(&mut decode.password);
                Step::Pure(Box::new(decode))
            }
        }
    }
}

impl PureStep for Encode {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let pair =
            format!("{}:{}", self.resolve(&self.user, cx)?, self.resolve(&self.password, cx)?);
        if self.overwrite || cx.get(&self.assign_to).is_none() {
            let mut credential = String::from("Basic ");
            BASE64_STANDARD.encode_string(pair, &mut credential);
            assign(cx, &self.assign_to, Value::from(credential));
        }
        Ok(Next::Continue)
    }
}

impl Encode {
    fn resolve<'a>(
        &'a self,
        part: &'a RefOrText,
        cx: &'a MessageContext,
    ) -> Result<Cow<'a, str>, Fault> {
        match part.resolve(cx) {
            Ok(text) => Ok(text),
            Err(_) if self.ignore_unresolved => Ok(Cow::Borrowed("")),
            Err(unresolved) => Err(unresolved_fault(&unresolved.name)),
        }
    }
}

impl PureStep for Decode {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let source = match cx.text(&self.source) {
            Some(source) => source,
            // Unknown: what an ignored source decodes to. An empty text is no credential.
            None if self.ignore_unresolved => Cow::Borrowed(""),
            None => return Err(unresolved_fault(self.source.name())),
        };
        let Some((user, password)) = decode(&source) else {
            let name = self.source.name();
            let text = format!(
                "Source variable : {name} for basic authentication decode policy is not valid"
            );
            return Err(Fault::new(INVALID_SOURCE, text));
        };
        assign(cx, &self.user, Value::from(user));
        assign(cx, &self.password, Value::from(password));
        Ok(Next::Continue)
    }
}

/// User and password of a Basic credential (RFC 7617). Unknown: the charset; what is not
/// UTF-8 is taken as ISO 8859-1.
fn decode(credential: &str) -> Option<(String, String)> {
    let credential = credential.trim();
    let (scheme, encoded) = credential.split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = BASE64.decode(encoded.trim_start()).ok()?;
    let pair = String::from_utf8(pair)
        .unwrap_or_else(|error| error.as_bytes().iter().map(|b| char::from(*b)).collect());
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn unresolved_fault(name: &str) -> Fault {
    Fault::new(UNRESOLVED, format!("Unresolved variable : {name}"))
}

/// The documentation lists no fault of a variable that cannot be written.
fn assign(cx: &mut MessageContext, variable: &VarRef, value: Value) {
    if let Err(error) = cx.set(variable, value) {
        tracing::debug!(%error, "a credential is lost");
    }
}

#[cfg(test)]
mod tests;
