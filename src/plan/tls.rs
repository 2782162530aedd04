//! `SSLInfo` of a target, made into a client of TLS where its texts are fixed.

use std::sync::Arc;

use bytestring::ByteString;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::diag::Diagnostics;
use crate::message::MessageContext;
use crate::model::SslInfo;
use crate::template::{Template, Unresolved};
use crate::upstream::keystore::KeyStores;
use crate::upstream::tls::{Tls, TlsError, TlsSettings};
use crate::variable::{Bindable, Slots};
use crate::xml::Text;

/// How many clients one target keeps whose settings come from variables.
const MADE_MAX: usize = 64;

/// How a target is reached by TLS.
#[derive(Debug)]
pub enum TlsPlan {
    /// Nothing is said, or it is switched off: https goes by the defaults. `Some` where a
    /// property departs from them.
    Off(Option<Tls>),
    Fixed(Result<Tls, TlsError>),
    PerRequest(Box<TlsTemplates>),
}

/// What one call goes by.
#[derive(Debug)]
pub enum TlsChoice {
    Off(Option<Tls>),
    On(Result<Tls, TlsError>),
}

/// Settings whose texts hold references.
#[derive(Debug)]
pub struct TlsTemplates {
    enabled: Option<Template>,
    client_auth_enabled: Option<Template>,
    key_store: Option<Template>,
    key_alias: Option<Template>,
    trust_store: Option<Template>,
    rest: TlsSettings,
    stores: Arc<KeyStores>,
    /// Held for a look; made clients are few, and what makes one reads no file.
    made: Mutex<HashMap<TlsSettings, Result<Tls, TlsError>>>,
}

impl TlsPlan {
    pub(super) fn link(
        info: Option<&SslInfo>,
        resumption: bool,
        stores: &Arc<KeyStores>,
        slots: &mut Slots,
    ) -> Self {
        let default = TlsSettings { resumption, ..TlsSettings::default() };
        let off = || Self::Off((!resumption).then(|| Tls::new(&default, stores).ok()).flatten());
        let Some(info) = info else { return off() };
        let mut template = |text: &Option<Text>| {
            let text = text.as_ref()?;
            // Its findings were reported when the bundle was read.
            let mut template = Template::parse(&text.value, text.span, &mut Diagnostics::default());
            template.bind(slots);
            Some(template)
        };
        let templates = TlsTemplates {
            enabled: template(&info.enabled),
            client_auth_enabled: template(&info.client_auth_enabled),
            key_store: template(&info.key_store),
            key_alias: template(&info.key_alias),
            trust_store: template(&info.trust_store),
            rest: TlsSettings { resumption, ..info.fixed_settings() },
            stores: stores.clone(),
            made: Mutex::default(),
        };
        match templates.literal() {
            Some(None) => off(),
            Some(Some(settings)) => Self::Fixed(Tls::new(&settings, stores)),
            None => Self::PerRequest(Box::new(templates)),
        }
    }

    pub fn choose(&self, cx: &MessageContext) -> TlsChoice {
        match self {
            Self::Off(tls) => TlsChoice::Off(tls.clone()),
            Self::Fixed(made) => TlsChoice::On(made.clone()),
            Self::PerRequest(templates) => templates.choose(cx),
        }
    }

    /// The `CommonName` that is configured.
    pub fn common_name(&self) -> Option<&ByteString> {
        match self {
            Self::Off(_) | Self::Fixed(Err(_)) => None,
            Self::Fixed(Ok(tls)) => tls.common_name(),
            Self::PerRequest(templates) => {
                templates.rest.common_name.as_ref().map(|name| &name.value)
            }
        }
    }
}

impl TlsTemplates {
    fn literal(&self) -> Option<Option<TlsSettings>> {
        let text = |template: &Option<Template>| match template {
            None => Some(String::new()),
            Some(template) => template.as_literal().map(str::to_owned),
        };
        Some(self.rest.with_texts(
            &text(&self.enabled)?,
            &text(&self.client_auth_enabled)?,
            [text(&self.key_store)?, text(&self.key_alias)?, text(&self.trust_store)?],
        ))
    }

    fn choose(&self, cx: &MessageContext) -> TlsChoice {
        let text = |template: &Option<Template>| {
            let rendered = template.as_ref().map(|template| template.render(cx, Unresolved::Empty));
            rendered.and_then(Result::ok).map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        let found = self.rest.with_texts(
            &text(&self.enabled),
            &text(&self.client_auth_enabled),
            [text(&self.key_store), text(&self.key_alias), text(&self.trust_store)],
        );
        let Some(settings) = found else { return TlsChoice::Off(None) };
        let mut made = self.made.lock();
        if let Some(known) = made.get(&settings) {
            return TlsChoice::On(known.clone());
        }
        if made.len() >= MADE_MAX {
            made.clear();
        }
        let fresh = Tls::new(&settings, &self.stores);
        made.insert(settings, fresh.clone());
        TlsChoice::On(fresh)
    }
}
