//! `Authentication`: the Google token that a message takes along, of a TargetEndpoint's connection
//! and of AssignMessage's `Set`.
//!
//! Source: Apigee docs, "Using Google authentication", "AssignMessage policy"; Apigee X alone has
//! it. What is missing in it is told by FE001 and GW406.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::clock::Clock;
use crate::diag::Diagnostics;
use crate::message::MessageContext;
use crate::template::RefOrText;
use crate::upstream::Upstream;
use crate::upstream::google::{GoogleTokens, TokenError, TokenRequest};
use crate::variable::{Bind, Bindable};
use crate::xml::fields::parse_flag;
use crate::xml::{Element, FromXml};

/// As its XML says it.
#[derive(Clone, Debug)]
pub struct Authentication {
    /// `HeaderName`; `None` is `Authorization`.
    header: Option<RefOrText>,
    token: Token,
}

#[derive(Clone, Debug)]
enum Token {
    Access { scopes: Vec<RefOrText>, lifetime: Option<RefOrText> },
    Id { audience: Option<RefOrText>, use_target_url: bool, include_email: Option<RefOrText> },
}

impl Authentication {
    /// `None` where it names no token.
    pub fn read(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let header = element.child("HeaderName");
        let header = header.and_then(|name| RefOrText::from_xml(name, diags));
        let is_token =
            |child: &&Element| matches!(child.name.as_str(), "GoogleAccessToken" | "GoogleIDToken");
        let found = element.elements().find(is_token)?;
        let mut xml = found.reader(diags);
        let token = if found.name == "GoogleAccessToken" {
            let mut scopes = Vec::new();
            if let Some(list) = xml.child("Scopes") {
                let mut list = list.reader(xml.diags());
                for scope in list.children("Scope") {
                    scopes.extend(RefOrText::from_xml(scope, list.diags()));
                }
                list.finish();
            }
            Token::Access { scopes, lifetime: xml.optional("LifetimeInSeconds") }
        } else {
            let audience = xml.child("Audience");
            let flag = audience.and_then(|found| found.attribute("useTargetUrl"));
            Token::Id {
                audience: audience.and_then(|found| RefOrText::from_xml(found, xml.diags())),
                use_target_url: flag.and_then(|flag| parse_flag(&flag.value)) == Some(true),
                include_email: xml.optional("IncludeEmail"),
            }
        };
        xml.finish();
        Some(Self { header, token })
    }

    /// What is asked for. `target_url` is where the message goes, if that is known.
    fn request(
        &self,
        cx: &MessageContext,
        target_url: Option<&str>,
    ) -> Result<TokenRequest, TokenError> {
        match &self.token {
            Token::Access { scopes, lifetime } => {
                let texts = scopes.iter().filter_map(|scope| text(Some(scope), cx));
                let scopes: Vec<String> = texts.map(Cow::into_owned).collect();
                if scopes.is_empty() {
                    return Err(TokenError::Request { what: "no `Scope` has a value" });
                }
                let lifetime = text(lifetime.as_ref(), cx);
                let lifetime_s = lifetime.and_then(|text| text.parse().ok());
                Ok(TokenRequest::Access { scopes, lifetime_s })
            }
            Token::Id { audience, use_target_url, include_email } => {
                let target_url = target_url.filter(|_| *use_target_url);
                let target_url = target_url.and_then(|url| url.split('?').next());
                let audience = text(audience.as_ref(), cx).map(Cow::into_owned);
                let audience = audience.or_else(|| target_url.map(str::to_owned));
                let include_email = text(include_email.as_ref(), cx);
                Ok(TokenRequest::Id {
                    audience: audience
                        .ok_or(TokenError::Request { what: "`Audience` has no value" })?,
                    include_email: include_email.and_then(|text| parse_flag(&text)) == Some(true),
                })
            }
        }
    }

    /// A name that is none is told by lint, and the default holds.
    fn header(&self, cx: &MessageContext) -> HeaderName {
        let name = text(self.header.as_ref(), cx);
        name.and_then(|name| HeaderName::try_from(name.as_ref()).ok()).unwrap_or(AUTHORIZATION)
    }
}

impl Bindable for Authentication {
    fn bind(&mut self, binder: &mut dyn Bind) {
        self.header.bind(binder);
        match &mut self.token {
            Token::Access { scopes, lifetime } => {
                for scope in scopes {
                    scope.bind(binder);
                }
                lifetime.bind(binder);
            }
            Token::Id { audience, include_email, .. } => {
                audience.bind(binder);
                include_email.bind(binder);
            }
        }
    }
}

/// With whose tokens they are.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub authentication: Authentication,
    pub tokens: Arc<GoogleTokens>,
}

impl Bearer {
    /// The header that the message takes along. What goes wrong is logged: the client does not
    /// hear it.
    pub async fn header(
        &self,
        cx: &MessageContext,
        target_url: Option<&str>,
        upstream: &dyn Upstream,
        clock: &Clock,
    ) -> Result<(HeaderName, HeaderValue), TokenError> {
        let made = match self.authentication.request(cx, target_url) {
            Ok(request) => self.tokens.bearer(&request, upstream, clock).await,
            Err(error) => Err(error),
        };
        let made = made.inspect_err(|error| {
            let error: &dyn std::error::Error = error;
            tracing::warn!(proxy = %cx.facts.proxy, error, "no Google token");
        })?;
        Ok((self.authentication.header(cx), made))
    }
}

/// The value; `None` where it is empty or has none.
fn text<'a>(value: Option<&'a RefOrText>, cx: &'a MessageContext) -> Option<Cow<'a, str>> {
    let text = value?.resolve(cx).ok()?;
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some(text).filter(|text| !text.is_empty())
}
