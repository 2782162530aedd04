//! Target servers of the environment, what a LoadBalancer names, and what else calls go by.
//!
//! Source: Apigee docs, "Target servers" of the management API. `isEnabled` takes a server out
//! of every LoadBalancer.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;

use crate::upstream::google::GoogleAccount;
use crate::upstream::keystore::KeyStores;
use crate::upstream::tls::TlsSettings;

/// What of an environment calls of targets go by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// By name.
    pub servers: BTreeMap<String, TargetServer>,
    pub stores: Arc<KeyStores>,
    /// Whose Google tokens are shown.
    pub account: GoogleAccount,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetServer {
    pub host: ByteString,
    pub port: u16,
    pub is_enabled: bool,
    /// `None`: it has no `sSLInfo`, and that of the endpoint holds. One that is not enabled is
    /// reached without TLS.
    pub tls: Option<ServerTls>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    pub enabled: bool,
    pub settings: TlsSettings,
}
