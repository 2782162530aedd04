//! A cache's definition as a record of the store: JSON, whose absent fields nobody set.

use serde::{Deserialize, Serialize};

use crate::store::cache::definition::{CacheDefinition, Door, check_any_name};
use crate::store::cache::expiry::{Expiry, ExpirySettings};

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_in_seconds: Option<i64>,
    /// `hh:mm:ss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_of_day: Option<String>,
    /// `mm-dd-yyyy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_date: Option<String>,
    values_null: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_elements_in_memory: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_memory_size_kb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_if_element_size_kb_exceeds: Option<u64>,
    overflow_to_disk: bool,
    persistent: bool,
    distributed: bool,
    disk_size_mb: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_elements_on_disk: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression_minimum_size_kb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doors: Option<Vec<String>>,
}

/// The body of the record of that name.
pub(super) fn encode(definition: &CacheDefinition) -> Vec<u8> {
    let doors = definition.doors.as_ref().map(|doors| {
        let closable = doors.iter().filter(|door| Door::CLOSABLE.contains(door));
        closable.map(|door| door.name().to_owned()).collect()
    });
    let expiry = &definition.expiry;
    let body = Body {
        description: definition.description.clone(),
        timeout_in_seconds: expiry.timeout_in_seconds,
        time_of_day: expiry.time_of_day.map(|time| Expiry::TimeOfDay(time).to_string()),
        expiry_date: expiry.expiry_date.map(|date| Expiry::ExpiryDate(date).to_string()),
        values_null: definition.values_null,
        max_elements_in_memory: definition.max_elements_in_memory,
        in_memory_size_kb: definition.in_memory_size_kb,
        skip_if_element_size_kb_exceeds: definition.skip_if_element_size_kb_exceeds,
        overflow_to_disk: definition.overflow_to_disk,
        persistent: definition.persistent,
        distributed: definition.distributed,
        disk_size_mb: definition.disk_size_mb,
        max_elements_on_disk: definition.max_elements_on_disk,
        compression_minimum_size_kb: definition.compression_minimum_size_kb,
        doors,
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

/// `None` where it is no record that this gateway can read.
pub(super) fn decode(name: &str, body: &[u8]) -> Option<CacheDefinition> {
    check_any_name(name).ok()?;
    let body: Body = serde_json::from_slice(body).ok()?;
    let time_of_day = body.time_of_day.as_deref().map(Expiry::parse_time_of_day);
    let expiry_date = body.expiry_date.as_deref().map(Expiry::parse_expiry_date);
    let doors = body.doors.map(|doors| doors.iter().map(|name| Door::closable(name)).collect());
    Some(CacheDefinition {
        name: name.to_owned(),
        description: body.description,
        expiry: ExpirySettings {
            timeout_in_seconds: body.timeout_in_seconds,
            time_of_day: time_of_day.transpose().ok()?,
            expiry_date: expiry_date.transpose().ok()?,
        },
        values_null: body.values_null,
        max_elements_in_memory: body.max_elements_in_memory,
        in_memory_size_kb: body.in_memory_size_kb,
        skip_if_element_size_kb_exceeds: body.skip_if_element_size_kb_exceeds,
        overflow_to_disk: body.overflow_to_disk,
        persistent: body.persistent,
        distributed: body.distributed,
        disk_size_mb: body.disk_size_mb,
        max_elements_on_disk: body.max_elements_on_disk,
        compression_minimum_size_kb: body.compression_minimum_size_kb,
        doors: doors.transpose().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_says_all_of_a_definition() {
        let full = CacheDefinition {
            description: Some("tokens of the shop".to_owned()),
            expiry: ExpirySettings {
                timeout_in_seconds: Some(-1),
                time_of_day: Some(jiff::civil::time(7, 5, 0, 0)),
                expiry_date: Some(jiff::civil::date(9999, 12, 31)),
            },
            values_null: true,
            max_elements_in_memory: Some(1),
            in_memory_size_kb: Some(u64::MAX),
            skip_if_element_size_kb_exceeds: Some(3),
            overflow_to_disk: true,
            persistent: true,
            distributed: false,
            disk_size_mb: 4,
            max_elements_on_disk: Some(5),
            compression_minimum_size_kb: Some(6),
            doors: Some([Door::Momento].into()),
            ..CacheDefinition::named("größe / 2")
        };
        let closed = CacheDefinition { doors: Some([].into()), ..CacheDefinition::named("c") };
        for definition in [full, closed, CacheDefinition::named("plain")] {
            let read = decode(&definition.name, &encode(&definition));
            assert_eq!(read, Some(definition));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_definition_or_none(name in ".*", body: Vec<u8>) {
            drop(decode(&name, &body));
        }

        #[test]
        fn a_field_of_another_kind_is_refused_or_read(text in "[0-9:.-]{0,12}") {
            for field in ["time_of_day", "expiry_date", "disk_size_mb", "doors"] {
                let body = serde_json::json!({ field: text }).to_string();
                drop(decode("c", body.as_bytes()));
            }
        }
    }
}
