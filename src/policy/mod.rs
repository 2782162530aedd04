//! The policies, one file each, and their table.

pub mod apigee_types;
pub mod kind;

mod access_control;
mod assert_condition;
mod assign_message;
mod basic_authentication;
mod cache_entry;
mod cache_key;
mod conversion;
mod cors;
mod data_capture;
mod expiry_settings;
mod extract_variables;
mod extraction;
mod flow_callout;
mod invalidate_cache;
mod json_threat_protection;
mod json_to_xml;
mod key_value_map_operations;
mod lookup_cache;
mod message_builder;
mod message_logging;
mod message_source;
mod populate_cache;
mod quota;
mod raise_fault;
mod rate_limit;
mod read_property_set;
pub mod reference;
mod regular_expression_protection;
mod reset_quota;
mod response_cache;
mod spike_arrest;
mod statistics_collector;
#[cfg(test)]
mod testing;
mod threat_protection;
mod xml_threat_protection;
mod xml_to_json;

use crate::diag::Diagnostics;
use crate::model::{ApiProxy, PolicyHead};
use crate::policy::kind::{Policy, PolicyKind, Uses};

/// The types that this gateway runs.
pub static POLICIES: &[PolicyKind] = &[
    access_control::KIND,
    assert_condition::KIND,
    assign_message::KIND,
    basic_authentication::KIND,
    cors::KIND,
    data_capture::KIND,
    extract_variables::KIND,
    flow_callout::KIND,
    invalidate_cache::KIND,
    json_threat_protection::KIND,
    json_to_xml::KIND,
    key_value_map_operations::KIND,
    lookup_cache::KIND,
    message_logging::KIND,
    populate_cache::KIND,
    quota::KIND,
    raise_fault::KIND,
    read_property_set::KIND,
    regular_expression_protection::KIND,
    reset_quota::KIND,
    response_cache::KIND,
    spike_arrest::KIND,
    statistics_collector::KIND,
    xml_threat_protection::KIND,
    xml_to_json::KIND,
];

/// A policy of a bundle, its body read by its kind.
#[derive(Debug)]
pub struct ReadPolicy {
    pub head: PolicyHead,
    /// `None`: a type that is not built yet, or none at all.
    pub kind: Option<&'static PolicyKind>,
    /// `None` where the body could not be read or its type is not built yet.
    pub policy: Option<Box<dyn Policy>>,
    pub uses: Uses,
}

/// The row of a root element.
pub fn kind_of(element: &str) -> Option<&'static PolicyKind> {
    POLICIES.iter().find(|kind| kind.element == element)
}

/// Reads the bodies of all policies of a bundle; faults of one do not stop the others.
pub fn read_all(proxy: &ApiProxy, diags: &mut Diagnostics) -> Vec<ReadPolicy> {
    proxy.policies.iter().map(|head| read_one(head, diags)).collect()
}

/// Reads one policy's body by the kind of its root element.
pub fn read_one(head: &PolicyHead, diags: &mut Diagnostics) -> ReadPolicy {
    let kind = kind_of(&head.kind);
    let policy = kind.and_then(|kind| (kind.read)(&head.body, diags));
    let uses = policy.as_ref().map(|policy| policy.uses()).unwrap_or_default();
    ReadPolicy { head: head.clone(), kind, policy, uses }
}

#[cfg(test)]
mod tests;
