//! `SSLInfo` of a connection: how its target is reached by TLS.
//!
//! Source: Apigee docs, "TLS/SSL TargetEndpoint configuration". The texts of five of its elements
//! may be message templates.

use bytestring::ByteString;

use crate::diag::{Diagnostics, Span};
use crate::template::Template;
use crate::upstream::tls::{CommonName, TlsSettings};
use crate::xml::fields::parse_flag;
use crate::xml::{Element, Text};

#[derive(Clone, Debug)]
pub struct SslInfo {
    /// Its start tag.
    pub span: Span,
    /// A template of a flag; `None`: it is off.
    pub enabled: Option<Text>,
    pub enforce: bool,
    /// A template of a flag.
    pub client_auth_enabled: Option<Text>,
    /// Templates of names.
    pub key_store: Option<Text>,
    pub key_alias: Option<Text>,
    pub trust_store: Option<Text>,
    pub ignore_validation_errors: bool,
    pub protocols: Vec<Text>,
    pub ciphers: Vec<Text>,
    pub common_name: Option<Text>,
    /// `wildcardMatch` of the `CommonName`.
    pub wildcard_match: bool,
}

impl SslInfo {
    /// Lint says what of the element is not known.
    pub fn read(element: &Element, diags: &mut Diagnostics) -> Self {
        let flag = |name: &str| {
            element.child(name).and_then(|found| parse_flag(&found.text())).unwrap_or(false)
        };
        let mut template = |name: &str| {
            let text = element.child(name).and_then(text_of)?;
            Template::parse(&text.value, text.span, diags);
            Some(text)
        };
        Self {
            span: element.open_span,
            enabled: template("Enabled"),
            enforce: flag("Enforce"),
            client_auth_enabled: template("ClientAuthEnabled"),
            key_store: template("KeyStore"),
            key_alias: template("KeyAlias"),
            trust_store: template("TrustStore"),
            ignore_validation_errors: flag("IgnoreValidationErrors"),
            protocols: listed(element, "Protocols", "Protocol"),
            ciphers: listed(element, "Ciphers", "Cipher"),
            common_name: element.child("CommonName").and_then(text_of),
            wildcard_match: element
                .child("CommonName")
                .and_then(|name| name.attribute("wildcardMatch"))
                .and_then(|flag| parse_flag(&flag.value))
                .unwrap_or(false),
        }
    }
}

impl SslInfo {
    /// What holds where no text has a reference; `None` where one has, and inside `None` where
    /// TLS is switched off.
    pub fn literal_settings(&self) -> Option<Option<TlsSettings>> {
        let text = |text: &Option<Text>| match text {
            None => Some(String::new()),
            Some(text) => {
                let parsed = Template::parse(&text.value, text.span, &mut Diagnostics::default());
                parsed.as_literal().map(str::to_owned)
            }
        };
        Some(self.fixed_settings().with_texts(
            &text(&self.enabled)?,
            &text(&self.client_auth_enabled)?,
            [text(&self.key_store)?, text(&self.key_alias)?, text(&self.trust_store)?],
        ))
    }

    /// Without what may be a template.
    pub fn fixed_settings(&self) -> TlsSettings {
        let texts = |texts: &[Text]| texts.iter().map(|text| text.value.clone()).collect();
        TlsSettings {
            enforce: self.enforce,
            ignore_validation_errors: self.ignore_validation_errors,
            protocols: texts(&self.protocols),
            ciphers: texts(&self.ciphers),
            common_name: self.common_name.as_ref().map(|name| CommonName {
                value: ByteString::from(name.value.as_str()),
                wildcard_match: self.wildcard_match,
            }),
            ..TlsSettings::default()
        }
    }
}

fn listed(element: &Element, list: &str, item: &str) -> Vec<Text> {
    let items = element.child(list).into_iter().flat_map(Element::elements);
    items.filter(|found| found.name == item).filter_map(text_of).collect()
}

fn text_of(element: &Element) -> Option<Text> {
    let text = element.text();
    let value = text.trim();
    (!value.is_empty()).then(|| Text { value: value.to_owned(), span: element.text_span() })
}
