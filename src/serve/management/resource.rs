//! A cache's definition as the API's JSON.
//!
//! Source: Apigee Edge docs, "Create a cache in an environment". Clients write numbers and flags
//! as such or as texts, so both are read; numbers are written as such, expiries as texts. `doors`
//! is Tollgate's own. `Unknown:` what the platform does with a field that it does not know; it is
//! refused here, so that a misspelt one is noticed.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::store::cache::definition::{CacheDefinition, Door, DoorError};
use crate::store::cache::expiry::{Expiry, ExpirySettings};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    name: Option<String>,
    description: Option<String>,
    expiry_settings: Option<Object<ExpiryBody>>,
    compression: Option<Object<Compression>>,
    #[serde(rename = "diskSizeInMB")]
    disk_size_in_mb: Option<Count>,
    distributed: Option<Flag>,
    doors: Option<Vec<DoorName>>,
    #[serde(rename = "inMemorySizeInKB")]
    in_memory_size_in_kb: Option<Count>,
    max_elements_in_memory: Option<Count>,
    max_elements_on_disk: Option<Count>,
    overflow_to_disk: Option<Flag>,
    persistent: Option<Flag>,
    #[serde(rename = "skipCacheIfElementSizeInKBExceeds")]
    skip_cache_if_element_size_in_kb_exceeds: Option<Count>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct ExpiryBody {
    timeout_in_sec: Option<Object<Valued<Seconds>>>,
    time_of_day: Option<Object<Valued<String>>>,
    expiry_date: Option<Object<Valued<String>>>,
    values_null: Option<Flag>,
}

/// `{"value": ...}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valued<T> {
    value: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compression {
    #[serde(rename = "minimumSizeInKB")]
    minimum_size_in_kb: Option<Count>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct DoorName(Door);

impl TryFrom<String> for DoorName {
    type Error = DoorError;

    fn try_from(text: String) -> Result<Self, DoorError> {
        Door::closable(&text).map(Self)
    }
}

/// Why a body defines no cache.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is no cache: write a JSON object")]
    NoObject,
    #[error("the body is no cache: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the body is no cache: expirySettings: {0}")]
    Expiry(#[from] crate::store::cache::expiry::ExpiryError),
    #[error("the body names the cache `{body}` and the path `{path}`")]
    Names { body: String, path: String },
}

/// The definition that a body gives. `name`: of the path or the query, `None` where the body has
/// to say it; a cache without any has an empty one. An empty body is `{}`.
pub(super) fn read(name: Option<&str>, body: &[u8]) -> Result<CacheDefinition, BodyError> {
    let body = body.trim_ascii();
    let body: Body = match body.first() {
        None => Body::default(),
        Some(b'{') => serde_json::from_slice::<Object<Body>>(body)?.0,
        Some(_) => return Err(BodyError::NoObject),
    };
    let name = match (name, body.name) {
        (Some(path), Some(body)) if body != path => {
            return Err(BodyError::Names { body, path: path.to_owned() });
        }
        (Some(name), _) => name.to_owned(),
        (None, body) => body.unwrap_or_default(),
    };
    let default = CacheDefinition::named(&name);
    let count = |count: Option<Count>| count.map(|count| count.0);
    let flag = |flag: Option<Flag>, default: bool| flag.map_or(default, |flag| flag.0);
    let expiry = body.expiry_settings.map_or_else(ExpiryBody::default, |settings| settings.0);
    Ok(CacheDefinition {
        description: body.description,
        expiry: ExpirySettings {
            timeout_in_seconds: expiry.timeout_in_sec.map(|seconds| seconds.0.value.0),
            time_of_day: match expiry.time_of_day {
                Some(text) => Some(Expiry::parse_time_of_day(&text.0.value)?),
                None => None,
            },
            expiry_date: match expiry.expiry_date {
                Some(text) => Some(Expiry::parse_expiry_date(&text.0.value)?),
                None => None,
            },
        },
        values_null: flag(expiry.values_null, default.values_null),
        max_elements_in_memory: count(body.max_elements_in_memory),
        in_memory_size_kb: count(body.in_memory_size_in_kb),
        skip_if_element_size_kb_exceeds: count(body.skip_cache_if_element_size_in_kb_exceeds),
        overflow_to_disk: flag(body.overflow_to_disk, default.overflow_to_disk),
        persistent: flag(body.persistent, default.persistent),
        distributed: flag(body.distributed, default.distributed),
        disk_size_mb: count(body.disk_size_in_mb).unwrap_or(default.disk_size_mb),
        max_elements_on_disk: count(body.max_elements_on_disk),
        compression_minimum_size_kb: body
            .compression
            .and_then(|compression| count(compression.0.minimum_size_in_kb)),
        doors: body.doors.map(|doors| doors.into_iter().map(|door| door.0).collect()),
        name,
    })
}

/// In the order of the names. What nobody set is left out.
pub(super) fn write(definition: &CacheDefinition) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    let compression = definition.compression_minimum_size_kb;
    put("compression", compression.map(|kb| json!({ "minimumSizeInKB": kb })));
    put("description", definition.description.clone().map(Value::from));
    put("diskSizeInMB", Some(definition.disk_size_mb.into()));
    put("distributed", Some(definition.distributed.into()));
    put(
        "doors",
        definition.doors.as_ref().map(|doors| doors.iter().map(|door| door.name()).collect()),
    );
    put("expirySettings", Some(write_expiry(&definition.expiry, definition.values_null)));
    put("inMemorySizeInKB", definition.in_memory_size_kb.map(Value::from));
    put("maxElementsInMemory", definition.max_elements_in_memory.map(Value::from));
    put("maxElementsOnDisk", definition.max_elements_on_disk.map(Value::from));
    put("name", Some(definition.name.clone().into()));
    put("overflowToDisk", Some(definition.overflow_to_disk.into()));
    put("persistent", Some(definition.persistent.into()));
    let skip = definition.skip_if_element_size_kb_exceeds;
    put("skipCacheIfElementSizeInKBExceeds", skip.map(Value::from));
    Value::Object(body)
}

fn write_expiry(expiry: &ExpirySettings, values_null: bool) -> Value {
    let mut body = Map::new();
    let children = [
        ("expiryDate", expiry.expiry_date.map(Expiry::ExpiryDate)),
        ("timeOfDay", expiry.time_of_day.map(Expiry::TimeOfDay)),
        ("timeoutInSec", expiry.timeout_in_seconds.map(Expiry::TimeoutInSeconds)),
    ];
    for (name, child) in children {
        if let Some(child) = child {
            body.insert(name.to_owned(), json!({ "value": child.to_string() }));
        }
    }
    body.insert("valuesNull".to_owned(), values_null.into());
    Value::Object(body)
}

/// Read from a JSON object alone: a derived reader takes a list too, as the fields in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, fields: M) -> Result<Object<T>, M::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        from.deserialize_map(Fields(PhantomData))
    }
}

/// A number or its text, from zero to what the platform's own type for it holds.
#[derive(Clone, Copy)]
struct Count(u64);

/// A number or its text. Zero and less mean that nothing is stored.
#[derive(Clone, Copy)]
struct Seconds(i64);

/// `true`, `false` or their texts.
#[derive(Clone, Copy)]
struct Flag(bool);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = from.deserialize_any(Number { expected: "a whole number from 0 on" })?;
        let count = u64::try_from(number).map(Self);
        count.map_err(|_| de::Error::custom(format!("{number} is less than 0")))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Number { expected: "a whole number of seconds" }).map(Self)
    }
}

struct Number {
    expected: &'static str,
}

impl Visitor<'_> for Number {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        text.trim().parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TrueOrFalse;

        impl Visitor<'_> for TrueOrFalse {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(flag))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Flag, E> {
                match text {
                    "true" => Ok(Flag(true)),
                    "false" => Ok(Flag(false)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }

        from.deserialize_any(TrueOrFalse)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    use super::*;

    /// What apigeetool sends.
    const BODY: &str = r#"{"compression":{"minimumSizeInKB":512},"description":"Store Response",
        "diskSizeInMB":1024,"distributed":true,"expirySettings":{"expiryDate":{"value":
        "12-31-9999"},"timeoutInSec":{"value":"60"},"valuesNull":false},"inMemorySizeInKB":1024,
        "maxElementsInMemory":100,"maxElementsOnDisk":100,"name":"c1","overflowToDisk":true,
        "persistent":true,"skipCacheIfElementSizeInKBExceeds":512}"#;

    fn full() -> CacheDefinition {
        CacheDefinition {
            description: Some("Store Response".to_owned()),
            expiry: ExpirySettings {
                timeout_in_seconds: Some(60),
                time_of_day: None,
                expiry_date: Some(date(9999, 12, 31)),
            },
            values_null: false,
            max_elements_in_memory: Some(100),
            in_memory_size_kb: Some(1024),
            skip_if_element_size_kb_exceeds: Some(512),
            overflow_to_disk: true,
            persistent: true,
            distributed: true,
            disk_size_mb: 1024,
            max_elements_on_disk: Some(100),
            compression_minimum_size_kb: Some(512),
            doors: None,
            ..CacheDefinition::named("c1")
        }
    }

    #[test]
    fn a_body_says_all_of_a_definition() {
        assert_eq!(read(None, BODY.as_bytes()).expect("a cache"), full());
        let unspaced: String = BODY.lines().map(str::trim).collect();
        assert_eq!(write(&full()).to_string(), unspaced);
        for body in ["", " ", "{}", r#"{"name":null,"expirySettings":null}"#] {
            let read = read(Some("c"), body.as_bytes()).expect("a cache");
            assert_eq!(read, CacheDefinition::named("c"), "{body}");
        }
    }

    #[test]
    fn numbers_and_flags_may_be_texts() {
        let body = r#"{"distributed":"false","skipCacheIfElementSizeInKBExceeds":"2048",
            "expirySettings":{"timeoutInSec":{"value":-1},"timeOfDay":{"value":"07:05:00"},
            "valuesNull":"true"},"doors":["momento"]}"#;
        let expected = CacheDefinition {
            distributed: false,
            skip_if_element_size_kb_exceeds: Some(2048),
            expiry: ExpirySettings {
                timeout_in_seconds: Some(-1),
                time_of_day: Some(time(7, 5, 0, 0)),
                expiry_date: None,
            },
            values_null: true,
            doors: Some([Door::Momento].into()),
            ..CacheDefinition::named("c")
        };
        let found = read(Some("c"), body.as_bytes()).expect("a cache");
        assert_eq!(found, expected);
        assert_eq!(read(None, write(&found).to_string().as_bytes()).expect("a cache"), found);
    }

    #[track_caller]
    fn refused(body: &str, says: &str) {
        let error = read(Some("c"), body.as_bytes()).expect_err(body).to_string();
        assert!(error.contains(says), "{body}: {error}");
    }

    #[test]
    fn says_what_is_wrong_with_a_body() {
        refused("[]", "write a JSON object");
        refused("\"c\"", "write a JSON object");
        refused("{", "EOF");
        refused(r#"{"expirySetings":{}}"#, "unknown field `expirySetings`");
        refused(r#"{"maxElementsInMemory":-1}"#, "-1 is less than 0");
        refused(r#"{"maxElementsInMemory":1.5}"#, "expected a whole number");
        refused(r#"{"maxElementsInMemory":"many"}"#, "expected a whole number");
        refused(r#"{"maxElementsInMemory":9223372036854775808}"#, "expected a whole number");
        refused(r#"{"persistent":"yes"}"#, "expected true or false");
        refused(r#"{"persistent":1}"#, "expected true or false");
        refused(r#"{"doors":["management"]}"#, "`management` is no door of a cache");
        refused(r#"{"expirySettings":{"timeoutInSec":60}}"#, "expected a JSON object");
        refused(r#"{"expirySettings":{"timeoutInSec":["60"]}}"#, "expected a JSON object");
        refused(r#"{"expirySettings":[{"value":"60"}]}"#, "expected a JSON object");
        refused(r#"{"expirySettings":{"timeofday":null}}"#, "unknown field `timeofday`");
        refused(r#"{"compression":[512]}"#, "expected a JSON object");
        refused(r#"{"compression":{"minimumSizeInKB":1,"minimumSizeInKB":2}}"#, "duplicate field");
        refused(r#"{"expirySettings":{"timeOfDay":{"value":"24:00:00"}}}"#, "more than 23 hours");
        refused(r#"{"expirySettings":{"expiryDate":{"value":"2026-12-31"}}}"#, "mm-dd-yyyy");
        refused(r#"{"name":"d"}"#, "the body names the cache `d` and the path `c`");
    }

    proptest! {
        #[test]
        fn any_body_is_a_cache_or_none(body: Vec<u8>, text in "[{}\\[\\]\":,a-zA-Z0-9]{0,60}") {
            drop(read(None, &body));
            drop(read(Some("c"), text.as_bytes()));
        }

        #[test]
        fn what_is_written_is_read(
            name in "[a-z]{1,9}",
            description in proptest::option::of(".{0,20}"),
            seconds in proptest::option::of(any::<i64>()),
            numbers in proptest::collection::vec(proptest::option::of(0..=i64::MAX as u64), 5),
            flags: [bool; 4],
            doors in proptest::option::of(0..4_u8),
        ) {
            let number = |index: usize| numbers.get(index).copied().flatten();
            let door = |doors: u8| Door::CLOSABLE.into_iter().enumerate()
                .filter(|(bit, _)| doors & (1 << bit) != 0).map(|(_, door)| door).collect();
            let definition = CacheDefinition {
                description,
                expiry: ExpirySettings { timeout_in_seconds: seconds, ..Default::default() },
                values_null: flags[0],
                overflow_to_disk: flags[1],
                persistent: flags[2],
                distributed: flags[3],
                max_elements_in_memory: number(0),
                in_memory_size_kb: number(1),
                skip_if_element_size_kb_exceeds: number(2),
                max_elements_on_disk: number(3),
                compression_minimum_size_kb: number(4),
                doors: doors.map(door),
                ..CacheDefinition::named(&name)
            };
            let written = write(&definition).to_string();
            let found = read(None, written.as_bytes()).expect("a cache");
            prop_assert_eq!(found, definition);
        }
    }
}
