//! ProxyEndpoint, TargetEndpoint and SharedFlow out of their files.
//!
//! Source: Apigee docs, "API proxy configuration reference". Findings: `EP002` what does not belong
//! where it stands, or stands there twice; `PD005` and `PD006` the HTTPProxyConnection; `TD009`,
//! `TD012`, `TD014`, `TD016` and `TD017` the HTTPTargetConnection; [`NO_EFFECT`] what Apigee
//! knows and this gateway does not do yet; [`MISSPELT`] connections.

use crate::diag::Diagnostics;
use crate::model::flow::MISPLACED;
use crate::model::{
    Authentication, Connection, Destination, LoadBalancer, Property, ProxyEndpoint, RouteRule,
    SharedFlow, SslInfo, Step, TargetEndpoint, VirtualHost, file_stem, flow,
};
use crate::template::Template;
use crate::xml::fields::MISSING;
use crate::xml::{Element, Fields, Text};

/// Known to Apigee and without effect here.
pub(super) const NO_EFFECT: &str = "GW133";
/// An element in a spelling that only some releases of Apigee take.
const MISSPELT: &str = "GW134";
const PROXY_CONNECTION: &str = "PD005";
const BASE_PATH: &str = "PD006";
const SECOND_BALANCER: &str = "TD009";
const SECOND_TLS: &str = "TD012";
/// Not exactly one address.
const ADDRESS: &str = "TD014";
const MONITOR_ALONE: &str = "TD016";
const EMPTY_URL: &str = "TD017";

/// Each connection of a TargetEndpoint that is not `HTTPTargetConnection`.
const OTHER_CONNECTIONS: [&str; 4] =
    ["LocalTargetConnection", "ScriptTarget", "HostedTarget", "NodeTarget"];

pub(super) fn proxy_endpoint(
    file: String,
    element: &Element,
    diags: &mut Diagnostics,
) -> ProxyEndpoint {
    let mut xml = element.reader(diags);
    xml.strays_as(MISPLACED);
    xml.ignore(&["Description"]);
    let name = endpoint_name(&mut xml, &file);
    let flows = flow::flows(&mut xml);
    let post_client = flow::post_client(&mut xml);
    let fault_rules = flow::fault_rules(&mut xml);
    let event_flow = event_flow(&mut xml);
    let route_rules = xml.children("RouteRule");
    let route_rules = route_rules.into_iter().map(|rule| route_rule(rule, xml.diags())).collect();
    let http_connection = xml.single("HTTPProxyConnection", PROXY_CONNECTION);
    let connection = match http_connection {
        Some(element) => proxy_connection(element, xml.diags()),
        None => ProxyConnection::default(),
    };
    xml.finish();
    ProxyEndpoint {
        name,
        file,
        span: element.open_span,
        flows,
        post_client,
        event_flow,
        fault_rules,
        connection: http_connection.map(|element| element.open_span),
        base_path: connection.base_path,
        virtual_hosts: connection.virtual_hosts,
        properties: connection.properties,
        route_rules,
    }
}

pub(super) fn target_endpoint(
    file: String,
    element: &Element,
    diags: &mut Diagnostics,
) -> TargetEndpoint {
    let mut xml = element.reader(diags);
    xml.strays_as(MISPLACED);
    xml.ignore(&["Description"]);
    let name = endpoint_name(&mut xml, &file);
    let flows = flow::flows(&mut xml);
    let fault_rules = flow::fault_rules(&mut xml);
    let event_flow = event_flow(&mut xml);
    let (connection, properties) = target_connection(&mut xml, &name);
    let http_connection = ["HTTPTargetConnection", "HttpTargetConnection"]
        .iter()
        .find_map(|name| element.child(name));
    let authentication = http_connection.and_then(|found| found.child("Authentication"));
    let authentication = authentication.and_then(|found| Authentication::read(found, xml.diags()));
    xml.finish();
    TargetEndpoint {
        name,
        file,
        span: element.open_span,
        flows,
        event_flow,
        fault_rules,
        connection,
        http_connection: http_connection.cloned(),
        authentication,
        properties,
    }
}

pub(super) fn shared_flow(file: String, element: &Element, diags: &mut Diagnostics) -> SharedFlow {
    let mut xml = element.reader(diags);
    xml.strays_as(MISPLACED);
    let name = endpoint_name(&mut xml, &file);
    let steps = flow::steps(&mut xml);
    xml.finish();
    SharedFlow { name, file, span: element.open_span, steps }
}

/// The `name` attribute, which is required; the file's name where it is missing, so that
/// other findings still make sense.
fn endpoint_name(xml: &mut Fields<'_, '_>, file: &str) -> Text {
    if let Some(name) = xml.attribute("name") {
        return Text { value: name.value.clone(), span: name.span };
    }
    let element = xml.element();
    let message = format!("`{}` has no `name`", element.name);
    xml.diags().error(MISSING, element.open_span, message);
    Text { value: file_stem(file).to_owned(), span: element.name_span }
}

/// The steps of an EventFlow, which nothing runs.
fn event_flow(xml: &mut Fields<'_, '_>) -> Vec<Step> {
    let Some(element) = xml.child("EventFlow") else { return Vec::new() };
    xml.diags()
        .warning(NO_EFFECT, element.open_span, "`EventFlow` is not supported yet")
        .note(None, "its steps never run; server-sent events pass unchanged");
    let mut flow = element.reader(xml.diags());
    flow.strays_as(MISPLACED);
    flow.ignore(&["name", "content-type", "Description"]);
    let steps = flow::steps_of(flow.child("Response"), flow.diags());
    flow.finish();
    steps
}

#[derive(Default)]
struct ProxyConnection {
    base_path: Option<Text>,
    virtual_hosts: Vec<VirtualHost>,
    properties: Vec<Property>,
}

fn proxy_connection(element: &Element, diags: &mut Diagnostics) -> ProxyConnection {
    let mut xml = element.reader(diags);
    xml.ignore(&["Description"]);
    let mut base_paths = texts(&mut xml, "BasePath").into_iter();
    let base_path = base_paths.next();
    if let Some(first) = &base_path {
        for again in base_paths {
            xml.diags()
                .error(BASE_PATH, again.span, "a second `BasePath`")
                .note(first.span, "the first one stands here")
                .help("write a ProxyEndpoint for each base path");
        }
    }
    let virtual_hosts = xml.children("VirtualHost").into_iter().filter_map(virtual_host).collect();
    let properties = properties(&mut xml);
    xml.finish();
    ProxyConnection { base_path, virtual_hosts, properties }
}

fn virtual_host(element: &Element) -> Option<VirtualHost> {
    Some(VirtualHost { name: text_of(element)?, removal: element.removal() })
}

/// How many children of that name there are.
fn count(element: &Element, name: &str) -> usize {
    element.elements().filter(|child| child.name == name).count()
}

/// The children of that name that hold text.
fn texts(xml: &mut Fields<'_, '_>, name: &'static str) -> Vec<Text> {
    xml.children(name).into_iter().filter_map(text_of).collect()
}

fn text_of(element: &Element) -> Option<Text> {
    let text = element.text();
    let value = text.trim();
    (!value.is_empty()).then(|| Text { value: value.to_owned(), span: element.text_span() })
}

fn properties(xml: &mut Fields<'_, '_>) -> Vec<Property> {
    let Some(element) = xml.child("Properties") else { return Vec::new() };
    let mut list = element.reader(xml.diags());
    let mut read = Vec::new();
    for property in list.children("Property") {
        let mut xml = property.reader(list.diags());
        let name = xml.attribute("name");
        xml.finish();
        match name {
            Some(name) => {
                let name = Text { value: name.value.clone(), span: name.span };
                read.push(Property { name, value: text_of(property) });
            }
            None => {
                list.diags().warning(MISSING, property.open_span, "`Property` has no `name`");
            }
        }
    }
    list.finish();
    read
}

fn route_rule(element: &Element, diags: &mut Diagnostics) -> RouteRule {
    let mut xml = element.reader(diags);
    xml.strays_as(MISPLACED);
    let name = flow::name_or_element(&mut xml);
    let condition = flow::condition(&mut xml);
    let written = [
        xml.optional("TargetEndpoint").map(Destination::Target),
        xml.optional("URL").map(Destination::Url),
        xml.optional("IntegrationEndpoint").map(Destination::Integration),
    ];
    let mut written = written.into_iter().flatten();
    let destination = written.next().unwrap_or(Destination::Null);
    if let Some(second) = written.next() {
        let place = second.text().map_or(element.open_span, |text| text.span);
        let message = format!("RouteRule `{}` has a second destination", name.value);
        let found = xml.diags().warning(MISPLACED, place, message);
        if let Some(first) = destination.text() {
            found.note(first.span, "the request goes here");
        }
    }
    if let Destination::Url(url) = &destination {
        report_template(url, xml.diags());
    }
    xml.finish();
    RouteRule { name, span: element.open_span, condition, destination }
}

/// The one connection of a TargetEndpoint, and its properties.
fn target_connection(xml: &mut Fields<'_, '_>, endpoint: &Text) -> (Connection, Vec<Property>) {
    let mut connections = Vec::new();
    connections.extend(
        xml.single("HTTPTargetConnection", MISPLACED).map(|found| ("HTTPTargetConnection", found)),
    );
    if let Some(found) = xml.child("HttpTargetConnection") {
        let is_alone = connections.is_empty() && count(xml.element(), "HttpTargetConnection") == 1;
        let finding = xml
            .diags()
            .warning(
                MISSPELT,
                found.name_span,
                "`HttpTargetConnection` is read as `HTTPTargetConnection`",
            )
            .help("write `HTTPTargetConnection`");
        if is_alone {
            for place in found.tag_names() {
                finding.fix(place, "HTTPTargetConnection");
            }
        }
        connections.push(("HTTPTargetConnection", found));
    }
    for name in OTHER_CONNECTIONS {
        connections.extend(xml.child(name).map(|found| (name, found)));
    }
    let mut connections = connections.into_iter();
    let Some((kind, element)) = connections.next() else {
        let message = format!("TargetEndpoint `{}` has no connection", endpoint.value);
        xml.diags()
            .error(MISPLACED, endpoint.span, message)
            .help("write an `HTTPTargetConnection` with a `URL`");
        return (Connection::Missing, Vec::new());
    };
    for (_, again) in connections {
        let message = format!("TargetEndpoint `{}` has a second connection", endpoint.value);
        xml.diags()
            .error(MISPLACED, again.name_span, message)
            .note(element.name_span, "the first one stands here");
    }
    if kind == "HTTPTargetConnection" {
        http_connection(element, endpoint, xml.diags())
    } else {
        (Connection::Unsupported { element: kind, span: element.name_span }, Vec::new())
    }
}

fn http_connection(
    element: &Element,
    endpoint: &Text,
    diags: &mut Diagnostics,
) -> (Connection, Vec<Property>) {
    let mut xml = element.reader(diags);
    xml.strays_as(MISPLACED);
    let url = xml.single("URL", ADDRESS);
    let balancer = xml.single("LoadBalancer", SECOND_BALANCER);
    let tls = xml.single("SSLInfo", SECOND_TLS).filter(|found| !found.is_empty());
    let tls = tls.map(|found| SslInfo::read(found, xml.diags()));
    let properties = properties(&mut xml);
    let path = xml.child("Path").filter(|path| !path.is_empty());
    if let Some(path) = path
        && balancer.is_none()
    {
        xml.diags().warning(
            NO_EFFECT,
            path.name_span,
            "`Path` has no effect without a `LoadBalancer`",
        );
    }
    let monitor = xml.single("HealthMonitor", MISPLACED);
    if let Some(monitor) = monitor
        && balancer.is_none()
    {
        xml.diags().warning(
            MONITOR_ALONE,
            monitor.name_span,
            "`HealthMonitor` has no effect without a `LoadBalancer`",
        );
    }
    xml.leave(&["Authentication"]); // Read beside the connection; a second one is told by FE001.
    xml.finish();
    let connection = match (url, balancer) {
        (_, Some(balancer)) => {
            if let Some(url) = url {
                diags
                    .warning(
                        ADDRESS,
                        element.name_span,
                        "`URL` and `LoadBalancer` exclude each other",
                    )
                    .note(url.name_span, "this address is not called")
                    .note(balancer.name_span, "the servers named here are the target");
            }
            let path = path.and_then(text_of);
            let read = LoadBalancer::read(balancer, path, tls, monitor, diags);
            Connection::Servers(Box::new(read))
        }
        (Some(url), None) => match text_of(url) {
            Some(text) => {
                report_template(&text, diags);
                Connection::Url { url: text, tls: tls.map(Box::new) }
            }
            None => {
                let message = format!("the `URL` of TargetEndpoint `{}` is empty", endpoint.value);
                diags.error(EMPTY_URL, url.open_span, message);
                Connection::Missing
            }
        },
        (None, None) => {
            let message = format!("TargetEndpoint `{}` has no address", endpoint.value);
            diags.error(ADDRESS, element.name_span, message).help("write a `URL`");
            Connection::Missing
        }
    };
    (connection, properties)
}

/// Says what is wrong with an address; the linker parses it again for itself.
fn report_template(url: &Text, diags: &mut Diagnostics) {
    Template::parse(&url.value, url.span, diags);
}
