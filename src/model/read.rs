//! A bundle's files to one [`ApiProxy`].
//!
//! Source: Apigee docs, "API proxy configuration reference": the manifest's lists are
//! informative, the folders decide. Findings: `GW130` manifests, `GW131` a file of the wrong
//! kind, `GW132` a manifest's revision, `BN001` missing folders and files that nobody reads, `GW390` property sets.
//! A file that cannot be read does not stop the others.

use std::collections::{BTreeMap, BTreeSet};

use bytestring::ByteString;

use crate::bundle::{Bundle, BundleKind};
use crate::diag::{Diagnostics, Span};
use crate::model::{ApiProxy, PolicyHead, endpoint, file_stem, policy_head, property_set};
use crate::xml::fields::MISSING;
use crate::xml::{Element, Text};

/// None or several manifests.
const MANIFEST: &str = "GW130";
/// A root element that does not belong into the folder.
const ROOT_ELEMENT: &str = "GW131";
/// A revision that is no positive number.
const REVISION: &str = "GW132";
/// A folder that must be there, or a file that nobody reads.
const LAYOUT: &str = "BN001";

const INTEGRATIONS: &str = "integration-endpoints";

/// `None`, with an error in `diags`, where the bundle has no manifest. Otherwise everything
/// that could be read, and `diags` says whether that is all.
pub fn read(bundle: &mut Bundle, diags: &mut Diagnostics) -> Option<ApiProxy> {
    let kind = bundle.kind();
    let manifest = read_manifest(bundle, diags);
    let mut proxy_endpoints = Vec::new();
    let mut target_endpoints = Vec::new();
    let mut shared_flows = Vec::new();
    let mut files = Files { bundle, unread: Vec::new() };
    match kind {
        BundleKind::Proxy => {
            for (file, root) in files.read("proxies", Some("ProxyEndpoint"), diags) {
                proxy_endpoints.push(endpoint::proxy_endpoint(file, &root, diags));
            }
            for (file, root) in files.read("targets", Some("TargetEndpoint"), diags) {
                target_endpoints.push(endpoint::target_endpoint(file, &root, diags));
            }
            for (_, root) in files.read(INTEGRATIONS, None, diags) {
                report_integration(&root, diags);
            }
        }
        BundleKind::SharedFlow => {
            for (file, root) in files.read("sharedflows", Some("SharedFlow"), diags) {
                shared_flows.push(endpoint::shared_flow(file, &root, diags));
            }
        }
    }
    let mut policies = Vec::new();
    for folder in ["policies", "stepdefinitions"] {
        for (file, root) in files.read(folder, None, diags) {
            policies.push(policy_head::policy_head(file, root, diags));
        }
    }
    let unread = files.unread;
    report_layout(bundle, diags);
    let Manifest { name, revision, description } = manifest?;
    let resources = bundle.in_folder("resources").filter_map(|file| file.split_once('/'));
    let resources: Vec<String> = resources.map(|(_, file)| file.to_owned()).collect();
    let templates = resources.iter().filter_map(|file| {
        let bytes = bundle.bytes(&format!("resources/{file}"))?;
        Some((
            file.strip_prefix("template/")?.to_owned(),
            ByteString::try_from(bytes.clone()).ok()?,
        ))
    });
    let templates = templates.collect();
    let properties = read_properties(bundle, &resources, diags);
    Some(ApiProxy {
        kind,
        name,
        revision,
        description,
        proxy_endpoints,
        target_endpoints,
        shared_flows,
        policies,
        resources,
        templates,
        properties,
        unread,
    })
}

/// The property sets, by `{set}.{key}`.
fn read_properties(
    bundle: &mut Bundle,
    resources: &[String],
    diags: &mut Diagnostics,
) -> BTreeMap<String, ByteString> {
    let mut properties = BTreeMap::new();
    for resource in resources {
        let set = resource.strip_prefix("properties/");
        let Some(set) = set.and_then(|name| name.strip_suffix(".properties")) else { continue };
        let Some((file, text)) = bundle.text(&format!("resources/{resource}")) else { continue };
        for (key, value) in property_set::parse(&text, file, diags) {
            properties.insert(format!("{set}.{key}"), ByteString::from(value));
        }
    }
    properties
}

/// The one policy of a bundle made of a bare policy file.
pub fn read_environment_policy(bundle: &mut Bundle, diags: &mut Diagnostics) -> Option<PolicyHead> {
    let file = bundle.file_names().next()?.to_owned();
    let root = bundle.document(&file, diags)?;
    Some(policy_head::policy_head(file, root, diags))
}

struct Manifest {
    name: Text,
    revision: u32,
    description: Option<Text>,
}

/// The first manifest, whatever else is wrong with it.
fn read_manifest(bundle: &mut Bundle, diags: &mut Diagnostics) -> Option<Manifest> {
    let kind = bundle.kind();
    let root_element = match kind {
        BundleKind::Proxy => "APIProxy",
        BundleKind::SharedFlow => "SharedFlowBundle",
    };
    let files = xml_files(bundle, "");
    let Some((file, others)) = files.split_first() else {
        // The platform's own words.
        diags
            .error(MANIFEST, None, "Bundle is invalid. Unable to read/find APIProxy contents")
            .help(format!(
                "write `{}/NAME.xml` with the root element `{root_element}`",
                kind.root()
            ));
        return None;
    };
    let root = bundle.document(file, diags);
    if !others.is_empty() {
        let span = root.as_ref().map(|root| root.name_span);
        let found = diags.error(
            MANIFEST,
            span,
            format!("`{}/` holds {} manifests", kind.root(), files.len()),
        );
        for other in others {
            found.note(None, format!("`{}/{other}` is another one", kind.root()));
        }
        found.help("keep one XML file beside the folders");
    }
    let root = root?;
    if root.name != root_element {
        let message =
            format!("the manifest's root element is `{}`, not `{root_element}`", root.name);
        diags.error(ROOT_ELEMENT, root.name_span, message);
    }
    let name = match root.attribute("name") {
        Some(name) => Text { value: name.value.clone(), span: name.span },
        None => {
            let message = format!("the manifest `{}` has no `name`", root.name);
            diags.error(MISSING, root.open_span, message);
            Text { value: file_stem(file).to_owned(), span: root.name_span }
        }
    };
    let description = root
        .child("Description")
        .map(|found| Text { value: found.text().trim().to_owned(), span: found.text_span() });
    let description = description.filter(|text| !text.value.is_empty());
    Some(Manifest { name, revision: revision(&root, diags), description })
}

fn revision(root: &Element, diags: &mut Diagnostics) -> u32 {
    let Some(written) = root.attribute("revision") else { return 1 };
    match written.value.trim().parse() {
        Ok(revision) if revision > 0 => revision,
        _ => {
            diags
                .warning(
                    REVISION,
                    written.span,
                    format!("the revision `{}` is not a positive number", written.value),
                )
                .note(None, "the bundle is taken as revision 1");
            1
        }
    }
}

/// The XML files directly in a folder (or, for an empty name, beside the folders).
fn xml_files(bundle: &Bundle, folder: &str) -> Vec<String> {
    let directly_inside = |file: &&str| match file.rsplit_once('/') {
        Some((parent, _)) => parent == folder,
        None => folder.is_empty(),
    };
    let files = bundle.file_names().filter(directly_inside);
    files.filter(|file| is_xml(file)).map(str::to_owned).collect()
}

fn is_xml(file: &str) -> bool {
    file.len() > 4 && file.get(file.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".xml"))
}

struct Files<'b> {
    bundle: &'b mut Bundle,
    /// Paths from the bundle's top of files that could not be read.
    unread: Vec<String>,
}

impl Files<'_> {
    /// The readable files of a folder, each with its path from the bundle's top. One with a
    /// root element other than `wanted` is reported and left out.
    fn read(
        &mut self,
        folder: &str,
        wanted: Option<&str>,
        diags: &mut Diagnostics,
    ) -> Vec<(String, Element)> {
        let mut read = Vec::new();
        for file in xml_files(self.bundle, folder) {
            let path = format!("{}/{file}", self.bundle.kind().root());
            match self.bundle.document(&file, diags) {
                Some(root) if wanted.is_none_or(|wanted| root.name == wanted) => {
                    read.push((path, root));
                    continue;
                }
                Some(root) => {
                    let wanted = wanted.unwrap_or_default();
                    let message =
                        format!("`{}` in `{folder}/`, where `{wanted}` belongs", root.name);
                    diags.error(ROOT_ELEMENT, root.name_span, message);
                }
                None => {}
            }
            self.unread.push(path);
        }
        read
    }
}

fn report_integration(root: &Element, diags: &mut Diagnostics) {
    diags
        .warning(endpoint::NO_EFFECT, root.name_span, "integration endpoints are not supported yet")
        .note(None, "a RouteRule that leads here cannot be deployed");
}

/// What must be there and is not, and what is there and read by nobody.
fn report_layout(bundle: &Bundle, diags: &mut Diagnostics) {
    let root = bundle.kind().root();
    let (required, element, optional): (_, _, &[&str]) = match bundle.kind() {
        BundleKind::Proxy => ("proxies", "ProxyEndpoint", &["targets", INTEGRATIONS]),
        BundleKind::SharedFlow => ("sharedflows", "SharedFlow", &[]),
    };
    if xml_files(bundle, required).is_empty() {
        diags
            .error(LAYOUT, None, format!("`{root}/{required}/` holds no XML file"))
            .help(format!("write a `{element}` there"));
    }
    let is_known = |folder: &str| {
        folder == required
            || optional.contains(&folder)
            || ["policies", "stepdefinitions", "manifests"].contains(&folder)
    };
    let mut foreign = BTreeSet::new();
    for file in bundle.file_names() {
        match file.split_once('/') {
            None if is_xml(file) || extension(file) == "md" => {}
            None => {
                foreign.insert(format!("`{root}/{file}` is never read"));
            }
            Some(("resources", inside)) => foreign.extend(foreign_resource(root, inside)),
            Some((folder, inside)) if is_known(folder) => {
                if inside.contains('/') || !is_xml(inside) {
                    foreign.insert(format!("`{root}/{file}` is never read"));
                }
            }
            Some((folder, _)) => {
                foreign.insert(format!("`{root}/{folder}/` is no folder of a bundle"));
            }
        }
    }
    for message in foreign {
        diags.warning(LAYOUT, None::<Span>, message);
    }
}

/// A type of resources.
struct ResourceType {
    folder: &'static str,
    /// In lower case; empty: any.
    extensions: &'static [&'static str],
    /// Whether there may be folders below.
    has_folders: bool,
}

/// Source: apigeelint BN001; Apigee docs, "Managing resources".
const RESOURCE_TYPES: [ResourceType; 13] = [
    ResourceType { folder: "jsc", extensions: &["js", "jsc", "json"], has_folders: true },
    ResourceType {
        folder: "java",
        extensions: &["jar", "zip", "properties", "inf"],
        has_folders: true,
    },
    ResourceType { folder: "py", extensions: &["py", ""], has_folders: false },
    ResourceType { folder: "xsl", extensions: &["xslt", "xsl"], has_folders: false },
    ResourceType { folder: "template", extensions: &["tmpl", "template"], has_folders: false },
    ResourceType { folder: "openapi", extensions: &["json", "yaml"], has_folders: false },
    ResourceType { folder: "node", extensions: &[], has_folders: true },
    ResourceType { folder: "hosted", extensions: &[], has_folders: true },
    ResourceType { folder: "wsdl", extensions: &["wsdl"], has_folders: false },
    ResourceType { folder: "xsd", extensions: &["xsd"], has_folders: false },
    ResourceType { folder: "oas", extensions: &["json", "yaml", "yml"], has_folders: false },
    ResourceType { folder: "properties", extensions: &["properties"], has_folders: false },
    ResourceType { folder: "graphql", extensions: &["graphql"], has_folders: false },
];

/// What is wrong with the place of a file below `resources/`.
fn foreign_resource(root: &str, file: &str) -> Option<String> {
    let Some((folder, inside)) = file.split_once('/') else {
        return Some(format!("`{root}/resources/{file}` stands in no folder of a type"));
    };
    let Some(kind) = RESOURCE_TYPES.iter().find(|kind| kind.folder == folder) else {
        return Some(format!("`{root}/resources/{folder}/` is no type of resources"));
    };
    if let Some((below, _)) = inside.split_once('/')
        && !kind.has_folders
    {
        return Some(format!("`{root}/resources/{folder}/{below}/` is never read"));
    }
    let is_fit = kind.extensions.is_empty() || kind.extensions.contains(&extension(file).as_str());
    (!is_fit).then(|| format!("`{root}/resources/{file}` has a name that its type does not have"))
}

/// Behind the last dot, in lower case.
fn extension(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default()
}
