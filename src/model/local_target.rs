//! `LocalTargetConnection`: another proxy of the environment is the target.
//!
//! Source: Apigee docs, "Chaining API proxies together", "API proxy configuration reference": it is
//! named by `APIProxy` and `ProxyEndpoint`, or by `Path`; all are message templates.
//! Findings: `TD014` no address; [`ADDRESSED_TWICE`].

use crate::diag::Diagnostics;
use crate::template::Template;
use crate::xml::{Element, Text};

/// Parts of an address that do not count.
const ADDRESSED_TWICE: &str = "GW407";
/// Not exactly one address.
const ADDRESS: &str = "TD014";

/// How it is found.
#[derive(Debug)]
pub enum LocalTarget {
    /// Without an endpoint's name it is `default`.
    Endpoint { proxy: Text, endpoint: Option<Text> },
    /// By the base path in front of it. It may have a query.
    Path(Text),
}

impl LocalTarget {
    /// `None`, with a finding, where it names nobody.
    pub(super) fn read(element: &Element, target: &Text, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        xml.ignore(&["Description"]);
        let proxy: Option<Text> = xml.optional("APIProxy");
        let endpoint: Option<Text> = xml.optional("ProxyEndpoint");
        let path: Option<Text> = xml.optional("Path");
        xml.finish();
        for text in [&proxy, &endpoint, &path].into_iter().flatten() {
            // The linker parses it again for itself.
            Template::parse(&text.value, text.span, diags);
        }
        match (proxy, path) {
            (Some(proxy), path) => {
                if let Some(path) = path {
                    // Unknown: which of the two counts there.
                    diags
                        .warning(
                            ADDRESSED_TWICE,
                            path.span,
                            "`Path` has no effect beside `APIProxy`",
                        )
                        .note(proxy.span, "this proxy is called");
                }
                if endpoint.is_none() {
                    // Unknown: whether the platform takes it.
                    diags
                        .warning(ADDRESSED_TWICE, proxy.span, "`APIProxy` has no `ProxyEndpoint`")
                        .note(None, "its endpoint `default` is called");
                }
                Some(Self::Endpoint { proxy, endpoint })
            }
            (None, Some(path)) => {
                if let Some(endpoint) = endpoint {
                    diags.warning(
                        ADDRESSED_TWICE,
                        endpoint.span,
                        "`ProxyEndpoint` has no effect without `APIProxy`",
                    );
                }
                Some(Self::Path(path))
            }
            (None, None) => {
                let message = format!("TargetEndpoint `{}` has no address", target.value);
                diags
                    .error(ADDRESS, element.name_span, message)
                    .help("write an `APIProxy` and its `ProxyEndpoint`, or a `Path`");
                None
            }
        }
    }
}
