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
