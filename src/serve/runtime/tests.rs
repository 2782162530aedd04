use super::*;
use crate::profile::Profile;

#[track_caller]
fn check(fault: &Fault, expected_status: u16, expected_body: &str) {
    let response = engine::fault_response(fault, Profile::Edge);
    assert_eq!(response.status().as_u16(), expected_status);
    let body = response.body().bytes().expect("a fault's body is in memory");
    assert_eq!(String::from_utf8_lossy(body), expected_body);
}

#[test]
fn faults_before_a_plan_have_the_default_body() {
    check(
        &not_found("api.example", "/nowhere"),
        404,
        r#"{"fault":{"faultstring":"Unable to identify proxy for host: api.example and url: \/nowhere","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}"#,
    );
    check(
        &INTERNAL_SERVER_ERROR.raise(),
        500,
        r#"{"fault":{"faultstring":"Internal Server Error","detail":{"errorcode":"messaging.runtime.InternalServerError"}}}"#,
    );
}
