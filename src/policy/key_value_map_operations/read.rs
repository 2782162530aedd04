//! Reads a KeyValueMapOperations policy.

use bytestring::ByteString;

use crate::diag::{Diagnostics, Span};
use crate::policy::key_value_map_operations::{
    Expiry, JOINT, Key, KeyValueMapOperations, MapName, Operation, Scope, is_name,
};
use crate::policy::kind::{Policy, skip_head};
use crate::policy::lookup_cache::warn_read_only;
use crate::store::kvm::{Override, Values};
use crate::template::RefOrText;
use crate::variable::VarRef;
use crate::xml::fields::{BAD_VALUE, MISSING};
use crate::xml::{Element, Fields, FromXml, Text};

/// The platform's InvalidIndex, KeyIsMissing and ValueIsMissing.
const INVALID_INDEX: &str = "GW385";
const KEY_IS_MISSING: &str = "GW386";
const VALUE_IS_MISSING: &str = "GW387";
/// A name that no map can have: the policy faults.
const NO_NAME: &str = "GW388";
/// What has no effect.
const IDLE: &str = "GW389";

/// The map of a policy that names none.
const DEFAULT_MAP: &str = "kvmap";

pub(super) fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    // PO041 tells of it where it stands.
    xml.ignore(&["ExclusiveCache", "encrypted"]);
    let map = read_map(&mut xml);
    let scope = Scope::read(&mut xml);
    let expiry = Expiry::read(&mut xml);
    let owner = body.attribute("name").map_or("", |name| name.value.as_str());
    let initial = match xml.child("InitialEntries") {
        Some(element) => read_entries(element, owner, xml.diags()),
        None => Vec::new(),
    };
    xml.ignore(&["Get", "Put", "Delete"]);
    let operations: Vec<Operation> = body
        .elements()
        .filter_map(|element| Operation::read(element, owner, xml.diags()))
        .collect();
    let is_idle = !body.elements().any(|found| is_operation(&found.name)) && initial.is_empty();
    if is_idle {
        let message = "a KeyValueMapOperations without `Get`, `Put` or `Delete`";
        xml.diags().warning(IDLE, body.name_span, message);
    }
    if let (MapName::Named(name), false) = (&map, initial.is_empty()) {
        let message = "`InitialEntries` of a map that a request names are never written";
        xml.diags().warning(IDLE, name.span, message);
    }
    xml.finish();
    Some(Box::new(KeyValueMapOperations { map, scope, expiry, initial, operations }))
}

fn is_operation(name: &str) -> bool {
    matches!(name, "Get" | "Put" | "Delete")
}

fn read_map(xml: &mut Fields<'_, '_>) -> MapName {
    let _ = xml.attribute("mapIdentifier");
    let body = xml.element();
    // An empty one is a name here, and the policy faults.
    let attribute = body.attributes.iter().find(|found| found.name == "mapIdentifier");
    let named: Option<RefOrText> = xml.optional("MapName");
    // PO038 tells of one beside the other.
    let (map, place) = match (named, attribute) {
        (Some(named), _) if named.variable.is_some() => return MapName::Named(named),
        (Some(named), _) => (named.text.unwrap_or_default(), named.span),
        (None, Some(attribute)) => (attribute.value.trim().to_owned(), attribute.span),
        (None, None) => (DEFAULT_MAP.to_owned(), body.name_span),
    };
    check_map(&map, place, xml.diags());
    MapName::Fixed(map)
}

fn check_map(name: &str, place: Span, diags: &mut Diagnostics) {
    if !is_name(name) {
        let message = match name {
            "" => "the map has no name".to_owned(),
            name => format!("no map can be named `{name}`"),
        };
        diags
            .warning(NO_NAME, place, message)
            .note(None, "the policy faults with UnsupportedOperationException");
    }
}

impl Scope {
    fn read(xml: &mut Fields<'_, '_>) -> Self {
        // PO041 tells of a second one.
        let first = xml.children("Scope").into_iter().next();
        let text = first.and_then(|element| Text::from_xml(element, xml.diags()));
        let Some(text) = text else { return Self::Environment };
        match text.value.to_ascii_lowercase().as_str() {
            "organization" => Self::Organization,
            "environment" => Self::Environment,
            "apiproxy" => Self::ApiProxy,
            "policy" => Self::Policy,
            _ => {
                let message = format!("`{}` in Scope is none of its values", text.value);
                xml.diags()
                    .error(BAD_VALUE, text.span, message)
                    .help("write organization, environment, apiproxy or policy");
                Self::Environment
            }
        }
    }
}

impl Expiry {
    /// `ExpiryTimeInSeconds` is another name for it.
    fn read(xml: &mut Fields<'_, '_>) -> Self {
        let short = xml.child("ExpiryTimeInSecs");
        let long = xml.child("ExpiryTimeInSeconds");
        let Some(element) = short.or(long) else { return Self { variable: None, seconds: None } };
        let variable = element.attribute("ref").map(|found| VarRef::parse(&found.value));
        let seconds = i64::from_xml(element, xml.diags());
        Self { variable, seconds }
    }
}

impl Operation {
    /// `None` for other elements, and for what was reported.
    fn read(element: &Element, owner: &str, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        let operation = match element.name.as_str() {
            "Get" => {
                let key = Key::read(&mut xml);
                let index = read_index(&mut xml, owner);
                let assign_to = read_assign_to(&mut xml);
                Self::Get { assign_to: assign_to?, index, key: key? }
            }
            "Put" => {
                let over = match xml.attribute_flag("override", false) {
                    true => Override::Yes,
                    false => Override::No,
                };
                let key = Key::read(&mut xml);
                let values = xml.children("Value");
                if values.is_empty() {
                    let message = "`Put` has no `Value`";
                    xml.diags().error(MISSING, element.name_span, message);
                }
                let values = values.iter().filter_map(|value| read_value(value, xml.diags()));
                let values = values.collect();
                Self::Put { over, key: key?, values }
            }
            "Delete" => Self::Delete { key: Key::read(&mut xml)? },
            _ => return None,
        };
        xml.finish();
        Some(operation)
    }
}

/// An empty value is a value.
fn read_value(element: &Element, diags: &mut Diagnostics) -> Option<RefOrText> {
    let empty = || RefOrText { variable: None, text: None, span: element.span };
    let read = RefOrText::from_xml(element, diags).unwrap_or_else(empty);
    Some(match (&read.variable, &read.text) {
        (None, None) => RefOrText { text: Some(String::new()), ..read },
        _ => read,
    })
}

impl Key {
    fn read(xml: &mut Fields<'_, '_>) -> Option<Self> {
        let parent = xml.element();
        let parameters = parameters(xml);
        if parameters.is_empty() {
            let message = format!("`{}` has no `Key` with a `Parameter`", parent.name);
            xml.diags().error(MISSING, parent.name_span, message);
            return None;
        }
        Some(Self(parameters))
    }
}

/// Those of `Key`.
fn parameters(xml: &mut Fields<'_, '_>) -> Vec<RefOrText> {
    let Some(key) = xml.child("Key") else { return Vec::new() };
    let mut inner = key.reader(xml.diags());
    let found = inner.children("Parameter");
    let parameters =
        found.iter().filter_map(|found| RefOrText::from_xml(found, inner.diags())).collect();
    inner.finish();
    parameters
}

fn read_index(xml: &mut Fields<'_, '_>, owner: &str) -> Option<usize> {
    let attribute = xml.attribute("index")?;
    let text = attribute.value.trim();
    match text.parse::<i64>() {
        Ok(number) => match usize::try_from(number) {
            Ok(index) if index > 0 => return Some(index),
            Ok(_) | Err(_) => {
                let message = format!("Invalid index {number} in KeyValueMapStep {owner}");
                xml.diags()
                    .error(INVALID_INDEX, attribute.span, message)
                    .note(None, "the first value has the index 1");
            }
        },
        Err(_) => {
            let message = format!("`{text}` in attribute `index` is not an integer");
            xml.diags().error(BAD_VALUE, attribute.span, message);
        }
    }
    None
}

fn read_assign_to(xml: &mut Fields<'_, '_>) -> Option<VarRef> {
    let parent = xml.element();
    let Some(attribute) = xml.attribute("assignTo") else {
        xml.diags().error(MISSING, parent.name_span, "`Get` has no `assignTo`");
        return None;
    };
    let text = Text { value: attribute.value.clone(), span: attribute.span };
    warn_read_only(&text, xml.diags());
    Some(VarRef::parse(&text.value))
}

/// Those without a key or a value are what the platform refuses.
fn read_entries(element: &Element, owner: &str, diags: &mut Diagnostics) -> Vec<(String, Values)> {
    let mut xml = element.reader(diags);
    let mut entries = Vec::new();
    for entry in xml.children("Entry") {
        let mut inner = entry.reader(xml.diags());
        let name = entry_name(&mut inner);
        let values = inner.children("Value");
        if name.is_none() {
            let message = format!("Key is missing in KeyValueMapStep {owner}");
            inner.diags().error(KEY_IS_MISSING, entry.open_span, message);
        }
        if values.is_empty() {
            let message = format!("Value is missing in KeyValueMapStep {owner}");
            inner.diags().error(VALUE_IS_MISSING, entry.open_span, message);
        }
        inner.finish();
        let mut values: Vec<ByteString> =
            values.iter().map(|value| ByteString::from(value.text().trim())).collect();
        let values = match values.len() {
            1 => Values::Text(values.remove(0)),
            _ => Values::Many(values.into()),
        };
        entries.push((name.unwrap_or_default(), values));
    }
    xml.finish();
    entries
}

/// What is deployed has no variables yet: the parameters are texts.
fn entry_name(xml: &mut Fields<'_, '_>) -> Option<String> {
    let mut inner = xml.child("Key")?.reader(xml.diags());
    let parameters = inner.children("Parameter");
    inner.finish();
    let texts = parameters.iter().map(|parameter| parameter.text().trim().to_owned());
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(JOINT))
}
