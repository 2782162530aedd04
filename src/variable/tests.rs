use super::*;

#[track_caller]
fn check(name: &str, expected: Place) {
    assert_eq!(VarRef::parse(name).place(), &expected, "{name}");
}

fn header(name: &'static str) -> http::HeaderName {
    http::HeaderName::from_static(name)
}

#[test]
fn the_table_is_ordered_by_name() {
    assert!(FLOW_VARIABLES.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn predefined_names_have_places() {
    for row in FLOW_VARIABLES {
        check(row.name, Place::Fixed(row.id));
        assert_eq!(row.id.row(), row);
    }
    check("request", Place::Message(Role::Request, Part::Whole));
    check("error.content", Place::Message(Role::Error, Part::Content));
    check("response.status.code", Place::Message(Role::Response, Part::StatusCode));
    check("request.status.code", Place::Named);
    check(
        "message.queryparams.names",
        Place::Message(Role::Message, Part::QueryParams(List::Names)),
    );
}

#[test]
fn field_names_carry_what_is_asked() {
    for (name, expected, which) in [
        ("request.header.Accept", "accept", Which::First),
        ("request.header.accept.2", "accept", Which::Nth(2)),
        ("request.header.accept.0", "accept.0", Which::First),
        ("request.header.x.values", "x", Which::Values),
        ("request.header.x.values.count", "x", Which::Count),
        ("request.header.x.values.string", "x", Which::Joined),
        ("request.header.values", "values", Which::First),
    ] {
        let header = http::HeaderName::from_bytes(expected.as_bytes()).unwrap();
        check(name, Place::Message(Role::Request, Part::Header(header, which)));
    }
    check(
        "request.queryparam.Q",
        Place::Message(Role::Request, Part::QueryParam("Q".into(), Which::First)),
    );
    check("request.header.", Place::Named);
    check("request.queryparam.", Place::Named);
}

#[test]
fn own_names_get_slots_and_parts_of_own_messages() {
    let mut slots = Slots::default();
    let mut plain = VarRef::parse("my.flag");
    slots.bind_output(&mut plain);
    let slot = slots.find("my.flag").unwrap();
    assert_eq!(plain.place(), &Place::Slot(slot));
    assert!(!slots.is_read(slot));

    let mut again = VarRef::parse("my.flag");
    slots.bind(&mut again);
    assert_eq!(again.place(), plain.place());
    assert!(slots.is_read(slot));

    let mut part = VarRef::parse("mine.header.X-Id.1");
    slots.bind(&mut part);
    let (whole, base) = (slots.find("mine.header.X-Id.1").unwrap(), slots.find("mine").unwrap());
    let expected = Part::Header(header("x-id"), Which::Nth(1));
    assert_eq!(part.place(), &Place::SlotPart { whole, base, part: Box::new(expected) });
}

#[test]
fn access_follows_the_table() {
    for (name, read_only) in [
        ("request", true),
        ("response", false),
        ("request.header.x", false),
        ("request.header.x.values", true),
        ("request.content.as.base64", true),
        ("target.url", false),
        ("system.time", true),
        ("message.path", false),
        ("request.path", true),
        ("my.own", false),
    ] {
        assert_eq!(VarRef::parse(name).is_read_only(), read_only, "{name}");
    }
}

/// "Flow variables reference": type, access, and where a variable's scope begins.
#[test]
fn the_rows_are_those_of_the_documentation() {
    use Access::{ReadOnly, ReadWrite};
    use Scope::{Error, PostClient, ProxyRequest, TargetRequest, TargetResponse};
    let documented = [
        (
            Type::String,
            ReadOnly,
            ProxyRequest,
            "apiproxy.name apiproxy.revision apiproxy.basepath organization.name \
             environment.name messageid client.ip client.resolved.ip proxy.client.ip client.host \
             client.scheme client.ssl.enabled client.cn client.country client.email.address \
             client.locality client.organization client.organization.unit client.state \
             client.received.start.time client.received.end.time proxy.basepath \
             proxy.pathsuffix proxy.name proxy.url proxy.flow.name proxy.flow.description \
             current.flow.name current.flow.description request.grpc.rpc.name \
             request.grpc.service.name system.time system.time.zone system.uuid \
             system.pod.name system.region.name virtualhost.name",
        ),
        (
            Type::Integer,
            ReadOnly,
            ProxyRequest,
            "client.port system.time.year system.time.month system.time.day \
             system.time.dayofweek system.time.hour system.time.minute system.time.second \
             system.time.millisecond",
        ),
        (
            Type::Long,
            ReadOnly,
            ProxyRequest,
            "client.received.start.timestamp client.received.end.timestamp system.timestamp",
        ),
        (
            Type::Boolean,
            ReadOnly,
            ProxyRequest,
            "is.error target.ssl.enabled virtualhost.ssl.enabled",
        ),
        (Type::Array, ReadOnly, ProxyRequest, "virtualhost.aliases"),
        (Type::String, ReadOnly, PostClient, "client.sent.start.time client.sent.end.time"),
        (Type::Long, ReadOnly, PostClient, "client.sent.start.timestamp client.sent.end.timestamp"),
        (
            Type::String,
            ReadOnly,
            TargetRequest,
            "route.name route.target target.basepath target.name target.scheme target.flow.name \
             target.flow.description target.sent.start.time target.sent.end.time",
        ),
        (
            Type::Long,
            ReadOnly,
            TargetRequest,
            "target.sent.start.timestamp target.sent.end.timestamp",
        ),
        (
            Type::String,
            ReadWrite,
            TargetRequest,
            "target.url target.evaluated.url target.header.host target.expectedcn",
        ),
        (Type::Boolean, ReadWrite, TargetRequest, "target.copy.pathsuffix target.copy.queryparams"),
        (
            Type::String,
            ReadOnly,
            TargetResponse,
            "target.host target.ip target.cn target.country target.email.address \
             target.locality target.organization target.organization.unit target.state \
             target.received.start.time target.received.end.time loadbalancing.targetserver",
        ),
        (Type::Integer, ReadOnly, TargetResponse, "target.port"),
        (
            Type::Long,
            ReadOnly,
            TargetResponse,
            "target.received.start.timestamp target.received.end.timestamp",
        ),
        (Type::Boolean, ReadOnly, TargetResponse, "loadbalancing.isfallback"),
        (Type::Array, ReadOnly, TargetResponse, "loadbalancing.failedservers"),
        (
            Type::String,
            ReadOnly,
            Error,
            "fault.name fault.reason fault.category fault.subcategory fault.type",
        ),
        // The gateway's own.
        (Type::String, ReadOnly, ProxyRequest, "tollgate.demo.backend"),
    ];
    let mut rows: Vec<FlowVariable> = FLOW_VARIABLES.to_vec();
    for (value_type, access, scope, names) in documented {
        for name in names.split_whitespace() {
            let at = rows.iter().position(|row| row.name == name);
            let row = rows.remove(at.unwrap_or_else(|| panic!("{name} has a row, once")));
            assert_eq!(
                (row.value_type, row.access, row.scope),
                (value_type, access, scope),
                "{name}"
            );
        }
    }
    assert!(rows.is_empty(), "not documented: {rows:?}");
}

/// The parts of the four messages, with the access that the documentation gives them.
#[test]
fn message_parts_are_written_as_documented() {
    for (parts, request, response, message, error) in [
        ("", false, true, true, true),
        (".content", true, true, true, true),
        (".content.as.base64 .content.as.url.safe.base64", false, false, false, false),
        (".header.x .header.x.2", true, true, true, true),
        (".header.x.values .header.x.values.count", false, false, false, false),
        (".header.x.values.string .headers.count", false, false, false, false),
        (".headers.names .headers.names.string", false, false, false, false),
    ] {
        // The text before the first dot is the message itself.
        for part in if parts.is_empty() { vec![""] } else { parts.split(' ').collect() } {
            let writable = [request, response, message, error];
            for (role, writable) in ["request", "response", "message", "error"].iter().zip(writable)
            {
                let name = format!("{role}{part}");
                assert_eq!(!VarRef::parse(&name).is_read_only(), writable, "{name}");
            }
        }
    }
    for (names, writable) in [
        (
            "request.queryparam.q request.queryparam.q.2 request.formparam.f request.formparam.f.2",
            true,
        ),
        ("request.queryparam.q.values request.queryparam.q.values.count", false),
        ("request.queryparams.count request.queryparams.names", false),
        ("request.queryparams.names.string request.formparams.count", false),
        ("request.formparam.f.values request.formparam.f.values.count", false),
        ("request.formparams.names request.formparams.names.string", false),
        ("request.version request.path request.url request.transportid", false),
        ("request.transport.message response.version error.transport.message", false),
        ("message.path message.version", true),
        ("response.status.code response.reason.phrase", true),
        ("error.status.code error.reason.phrase", true),
        ("error.message error.state", false),
        // Differs: the documentation has these read-only; a bundle that writes them faults
        // there and does what it says here.
        ("request.verb message.verb request.uri message.uri", true),
        ("request.querystring message.querystring request.formstring message.formstring", true),
        ("message.queryparam.q message.formparam.f", true),
        ("message.status.code message.reason.phrase", true),
    ] {
        for name in names.split(' ') {
            let variable = VarRef::parse(name);
            assert!(matches!(variable.place(), Place::Message(..)), "{name}");
            assert_eq!(!variable.is_read_only(), writable, "{name}");
        }
    }
}

/// Documented names that nothing here sets are variables like a bundle's own, and null.
#[test]
fn what_is_not_here_is_a_name_like_others() {
    for name in [
        "response.event.current.content",
        "response.event.current.count",
        "system.interface.eth0",
        "servicecallout.requesturi",
        "apiproduct.operation",
        "variable.expectedcn",
        "graphql.operation",
        "private.secret",
    ] {
        assert_eq!(VarRef::parse(name).place(), &Place::Named, "{name}");
    }
}
