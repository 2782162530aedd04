//! Lint: what is wrong, or probably wrong, with a bundle in its environment.
//!
//! Source: `docs/lint.md` lists every code; Apigee docs and apigeelint are named in each rule.
//! A rule sees the whole bundle, read, and the environment; it never changes either.

mod bn003_lookup_without_populate;
mod bn005_unattached_policy;
mod bn006_many_policies;
mod bn007_many_resources;
mod bn009_statistics_collectors;
mod bn010_missing_policy;
mod bn012_unused_target;
mod bn013_unused_resource;
mod bn014_same_policy_twice;
mod body_check;
mod cc004_many_terms;
mod cc008_repeated_condition;
mod dc001_concurrent_ratelimit;
mod dc002_oauth_v1;
mod ep001_cors_placement;
mod ep002_misplaced_element;
mod exclusion;
mod fe001_authentication;
mod fl001_unconditional_flow;
mod fr001_unconditional_fault_rule;
mod fr003_only_fault_rule;
mod gw135_invalid_name;
mod gw136_duplicate_name;
mod gw137_base_path_form;
mod gw138_base_path_taken;
mod gw139_property_value;
mod gw140_unknown_property;
mod gw141_cache_resource;
mod gw180_scope_target;
mod gw200_unsupported_policy_type;
mod gw201_unsupported_connection;
mod gw202_unsupported_route;
mod gw204_idle_property;
mod gw205_bad_url;
mod gw206_missing_shared_flow;
mod gw340_response_cache_requests;
mod gw341_response_cache_responses;
mod gw342_response_cache_shared;
mod gw343_response_cache_one_sided;
mod gw344_response_cache_any_verb;
mod gw349_response_cache_aside;
mod gw375_syslog_tls;
mod gw400_target_server;
mod gw401_key_store;
mod gw402_tls_versions;
mod gw403_tls_names;
mod gw406_google_token;
mod gw408_token_in_the_clear;
pub mod inventory;
mod options;
mod pd001_unknown_target;
mod pd002_no_default_route;
mod pd003_default_route_not_last;
mod pd004_proxy_endpoint_name;
mod pd005_virtual_host;
mod pd006_no_base_path;
mod po006_policy_name;
mod po007_name_convention;
mod po008_display_name;
mod po012_assign_to;
mod po018_look_around;
mod po019_callout_request;
mod po020_callout_response;
mod po022_quota_not_distributed;
mod po023_quota_twice;
mod po024_cached_errors;
mod po026_assign_variable;
mod po027_hmac;
mod po028_other_profile;
mod po029_unknown_policy_type;
mod po030_doubled_expiry;
mod po031_content_type;
mod po032_cors;
mod po034_message_shape;
mod po035_quota_shape;
mod po036_callout_response;
mod po037_capture_source;
mod po038_map_name;
mod po039_cloud_logging;
mod po041_exclusive_cache;
mod po042_spike_arrest_shape;
mod po043_callout_tls;
mod po044_jwt_shape;
mod po045_token_info_shape;
mod response_cache;
pub mod rule;
mod shape;
mod st003_extract_json;
mod st004_extract_xml;
mod st005_extract_form;
mod st006_json_threats;
mod st007_xml_threats;
mod st008_steps_after_raise_fault;
mod target_connection;
mod td001_management_target;
mod td002_url_of_target;
mod td003_target_endpoint_name;
mod td004_tls_flags;
mod td005_store_reference;
mod td006_tls_of_servers;
mod td007_no_trust_store;
mod td008_several_fallbacks;
mod td010_repeated_server;
mod td011_ignored_validation;
mod td012_tls_for_https;
mod td013_client_certificate;
mod td015_no_max_failures;
mod td016_no_monitor;
#[cfg(test)]
mod tests;
mod view;

pub use exclusion::exclude;
pub use options::{LintOptions, RcFile, is_code, view_for};
pub use view::{DeployedPath, EnvironmentView};

use std::collections::BTreeMap;

use crate::bundle::BundleKind;
use crate::diag::Diagnostics;
use crate::lint::rule::{LintContext, Rule};
use crate::model::ApiProxy;
use crate::policy::ReadPolicy;

/// Rules about policies alone, which hold for those of the environment too.
static POLICY_RULES: &[&Rule] = &[
    &dc001_concurrent_ratelimit::RULE,
    &dc002_oauth_v1::RULE,
    &fe001_authentication::RULE,
    &gw141_cache_resource::RULE,
    &gw200_unsupported_policy_type::RULE,
    &gw206_missing_shared_flow::RULE,
    &gw375_syslog_tls::RULE,
    &po006_policy_name::RULE,
    &po007_name_convention::RULE,
    &po008_display_name::RULE,
    &po012_assign_to::RULE,
    &po018_look_around::RULE,
    &po019_callout_request::RULE,
    &po020_callout_response::RULE,
    &po022_quota_not_distributed::RULE,
    &po024_cached_errors::RULE,
    &po026_assign_variable::RULE,
    &po027_hmac::RULE,
    &po029_unknown_policy_type::RULE,
    &po030_doubled_expiry::RULE,
    &po031_content_type::RULE,
    &po032_cors::RULE,
    &po034_message_shape::RULE,
    &po035_quota_shape::RULE,
    &po036_callout_response::RULE,
    &po038_map_name::RULE,
    &po039_cloud_logging::RULE,
    &po041_exclusive_cache::RULE,
    &po042_spike_arrest_shape::RULE,
    &po043_callout_tls::RULE,
    &po044_jwt_shape::RULE,
    &po045_token_info_shape::RULE,
];

/// Rules about a bundle.
static BUNDLE_RULES: &[&Rule] = &[
    &bn003_lookup_without_populate::RULE,
    &bn005_unattached_policy::RULE,
    &bn006_many_policies::RULE,
    &bn007_many_resources::RULE,
    &bn009_statistics_collectors::RULE,
    &bn010_missing_policy::RULE,
    &bn012_unused_target::RULE,
    &bn013_unused_resource::RULE,
    &bn014_same_policy_twice::RULE,
    &cc004_many_terms::RULE,
    &cc008_repeated_condition::RULE,
    &ep001_cors_placement::RULE,
    &ep002_misplaced_element::RULE,
    &fl001_unconditional_flow::RULE,
    &fr001_unconditional_fault_rule::RULE,
    &fr003_only_fault_rule::RULE,
    &gw135_invalid_name::RULE,
    &gw136_duplicate_name::RULE,
    &gw137_base_path_form::RULE,
    &gw138_base_path_taken::RULE,
    &gw139_property_value::RULE,
    &gw140_unknown_property::RULE,
    &gw180_scope_target::RULE,
    &gw201_unsupported_connection::RULE,
    &gw202_unsupported_route::RULE,
    &gw400_target_server::RULE,
    &gw401_key_store::RULE,
    &gw402_tls_versions::RULE,
    &gw403_tls_names::RULE,
    &gw406_google_token::RULE,
    &gw408_token_in_the_clear::RULE,
    &gw204_idle_property::RULE,
    &gw205_bad_url::RULE,
    &gw340_response_cache_requests::RULE,
    &gw341_response_cache_responses::RULE,
    &gw342_response_cache_shared::RULE,
    &gw343_response_cache_one_sided::RULE,
    &gw344_response_cache_any_verb::RULE,
    &gw349_response_cache_aside::RULE,
    &pd001_unknown_target::RULE,
    &pd002_no_default_route::RULE,
    &pd003_default_route_not_last::RULE,
    &pd004_proxy_endpoint_name::RULE,
    &pd005_virtual_host::RULE,
    &pd006_no_base_path::RULE,
    &po037_capture_source::RULE,
    &po023_quota_twice::RULE,
    &po028_other_profile::RULE,
    &st003_extract_json::RULE,
    &st004_extract_xml::RULE,
    &st005_extract_form::RULE,
    &st006_json_threats::RULE,
    &st007_xml_threats::RULE,
    &st008_steps_after_raise_fault::RULE,
    &td001_management_target::RULE,
    &td002_url_of_target::RULE,
    &td003_target_endpoint_name::RULE,
    &td004_tls_flags::RULE,
    &td005_store_reference::RULE,
    &td006_tls_of_servers::RULE,
    &td007_no_trust_store::RULE,
    &td008_several_fallbacks::RULE,
    &td010_repeated_server::RULE,
    &td011_ignored_validation::RULE,
    &td012_tls_for_https::RULE,
    &td013_client_certificate::RULE,
    &td015_no_max_failures::RULE,
    &td016_no_monitor::RULE,
];

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    BUNDLE_RULES.iter().chain(POLICY_RULES).copied()
}

/// All findings about the bundle beyond what reading it has found.
pub fn run(
    proxy: &ApiProxy,
    policies: &[ReadPolicy],
    view: &EnvironmentView,
    diags: &mut Diagnostics,
) {
    let cx = LintContext { proxy, policies, view };
    for rule in rules() {
        (rule.check)(&cx, diags);
    }
}

/// All findings about a policy of the environment, attached or not.
pub fn run_on_policy(policy: &ReadPolicy, view: &EnvironmentView, diags: &mut Diagnostics) {
    let proxy = ApiProxy {
        kind: BundleKind::Proxy,
        name: policy.head.name.clone(),
        revision: 1,
        description: None,
        proxy_endpoints: Vec::new(),
        target_endpoints: Vec::new(),
        shared_flows: Vec::new(),
        policies: Vec::new(),
        resources: Vec::new(),
        templates: BTreeMap::new(),
        properties: BTreeMap::new(),
        unread: Vec::new(),
    };
    let policies = std::slice::from_ref(policy);
    let cx = LintContext { proxy: &proxy, policies, view };
    gw135_invalid_name::check_policy(&policy.head, diags);
    for rule in POLICY_RULES {
        (rule.check)(&cx, diags);
    }
}
