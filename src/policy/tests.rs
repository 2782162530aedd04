mod pages;

use std::path::Path;

use super::*;
use crate::policy::testing::{Rig, read, run};

/// Each type has a sample of its own name that reads without a finding, links and runs.
#[test]
fn every_type_has_a_sample() {
    for kind in POLICIES {
        let name = kind.element;
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(format!("{name}.xml"));
        #[expect(clippy::disallowed_methods, reason = "the sample is no file of a bundle")]
        let text = std::fs::read_to_string(&file).expect("the sample is there");
        let (policy, findings) = read(&text);
        assert!(policy.is_some(), "{name}");
        assert_eq!(findings, "", "{name}");
        let mut rig = Rig::new();
        let step = rig.link(&text);
        let result = run(&step, &mut rig.context());
        match name {
            // There is no store here.
            "KeyValueMapOperations" => assert_eq!(result.unwrap_err().status.as_u16(), 503),
            "RaiseFault" => assert_eq!(result.unwrap_err().status.as_u16(), 404),
            _ => assert!(result.is_ok(), "{name}"),
        }
    }
}

#[test]
fn types_are_found_by_their_elements() {
    for kind in POLICIES {
        assert_eq!(kind_of(kind.element).map(|found| found.element), Some(kind.element));
    }
    assert!(kind_of("lookupcache").is_none());
}
