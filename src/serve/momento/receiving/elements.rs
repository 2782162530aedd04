//! How many elements a message has, counted as its bytes come: an empty element takes two bytes
//! there, and some fifty where it is decoded.
//!
//! Sources: Protocol Buffers, "Encoding"; gRPC over HTTP/2, "Length-Prefixed-Message"; the
//! protocol's messages with repeated fields.

use crate::serve::momento::refusal::Refusal;

/// Elements of one call.
const ELEMENTS_MAX: usize = 100_000;

const HEAD_BYTES: u8 = 5;
const VARINT_BITS_MAX: u32 = 63;

/// Of one call; `Err` is for good.
#[derive(Debug, Default)]
pub(in crate::serve::momento) struct Elements {
    /// Where the elements are: the numbers of the fields that lead to them.
    paths: &'static [&'static [u32]],
    expects: Expects,
    /// Bytes that have come.
    at: u64,
    /// The fields that the next byte is in, and where they end; the message is the first.
    within: Vec<(u32, u64)>,
    varint: u64,
    bits: u32,
    count: usize,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum Expects {
    /// Its flag and its length.
    Head {
        seen: u8,
    },
    Tag,
    /// A number that means nothing here.
    Number,
    /// Of the field.
    Length {
        field: u32,
    },
    /// So many bytes that mean nothing here.
    Content {
        left: u64,
    },
    /// The message is compressed, which the decoder refuses.
    Nothing,
}

impl Default for Expects {
    fn default() -> Self {
        Self::Head { seen: 0 }
    }
}

impl Elements {
    /// Of a data call.
    pub(in crate::serve::momento) fn of(method: &str) -> Self {
        let paths: &'static [&'static [u32]] = match method {
            "GetBatch" | "SetBatch" | "KeysExist" => &[&[1]],
            "DictionaryGet"
            | "DictionarySet"
            | "SetUnion"
            | "SetContains"
            | "ListConcatenateFront"
            | "ListConcatenateBack"
            | "SortedSetPut"
            | "SortedSetGetScore"
            | "SortedSetUnionStore" => &[&[2]],
            "DictionaryDelete" | "ListErase" => &[&[2, 1]],
            "SortedSetRemove" => &[&[3, 1]],
            "SetDifference" => &[&[2, 1], &[3, 1, 1]],
            _ => &[],
        };
        Self { paths, ..Self::default() }
    }

    /// How many more elements begin in these bytes.
    pub(super) fn begun_in(&mut self, mut bytes: &[u8]) -> Result<usize, Refusal> {
        let before = self.count;
        if self.paths.is_empty() {
            return Ok(0);
        }
        while !bytes.is_empty() {
            bytes = self.step(bytes)?;
        }
        Ok(self.count - before)
    }

    /// What is left of the bytes.
    fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Refusal> {
        if let Expects::Content { left } = self.expects {
            let here = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let (content, rest) = bytes.split_at(here);
            self.at += content.len() as u64;
            match left - content.len() as u64 {
                0 => self.end_field()?,
                left => self.expects = Expects::Content { left },
            }
            return Ok(rest);
        }
        let Some((byte, rest)) = bytes.split_first() else { return Ok(bytes) };
        self.at += 1;
        match self.expects {
            Expects::Head { seen: 0 } if *byte != 0 => self.expects = Expects::Nothing,
            Expects::Head { seen } => {
                self.varint = (self.varint << 8) | u64::from(*byte);
                self.expects = Expects::Head { seen: seen + 1 };
                if seen + 1 == HEAD_BYTES {
                    let end = self.at.saturating_add(std::mem::take(&mut self.varint));
                    self.within.push((0, end));
                    self.end_field()?;
                }
            }
            Expects::Tag => {
                if let Some(tag) = self.number(*byte)? {
                    self.begin_field(tag)?;
                }
            }
            Expects::Number => {
                if self.number(*byte)?.is_some() {
                    self.end_field()?;
                }
            }
            Expects::Length { field } => {
                if let Some(length) = self.number(*byte)? {
                    self.begin_content(field, length)?;
                }
            }
            Expects::Content { .. } | Expects::Nothing => return Ok(&[]),
        }
        Ok(rest)
    }

    /// The number, where this is its last byte.
    fn number(&mut self, byte: u8) -> Result<Option<u64>, Refusal> {
        if self.bits > VARINT_BITS_MAX || (self.bits == VARINT_BITS_MAX && byte > 1) {
            return Err(no_message());
        }
        self.varint |= u64::from(byte & 0x7f) << self.bits;
        self.bits += 7;
        if byte >= 0x80 {
            return Ok(None);
        }
        self.bits = 0;
        Ok(Some(std::mem::take(&mut self.varint)))
    }

    fn begin_field(&mut self, tag: u64) -> Result<(), Refusal> {
        let field = u32::try_from(tag >> 3).map_err(|_| no_message())?;
        match tag & 7 {
            0 => self.expects = Expects::Number,
            1 => self.expects = Expects::Content { left: 8 },
            2 => self.expects = Expects::Length { field },
            5 => self.expects = Expects::Content { left: 4 },
            // Groups, which this protocol has not.
            _ => return Err(no_message()),
        }
        Ok(())
    }

    fn begin_content(&mut self, field: u32, length: u64) -> Result<(), Refusal> {
        let end = self.at.checked_add(length).ok_or_else(no_message)?;
        self.within.push((field, end));
        // The message itself has no number.
        let trail = || self.within.iter().skip(1).map(|(field, _)| field);
        let leads = self.paths.iter().filter(|path| path.iter().zip(trail()).all(|(a, b)| a == b));
        let depth = self.within.len() - 1;
        let mut is_above = false;
        for path in leads {
            is_above |= path.len() > depth;
            if path.len() == depth {
                self.count += 1;
            }
        }
        if self.count > ELEMENTS_MAX {
            return Err(Refusal::TooMany("Limit exceeded: a request has at most 100,000 elements"));
        }
        if is_above {
            return self.end_field();
        }
        self.within.pop();
        self.expects = Expects::Content { left: length };
        if length == 0 { self.end_field() } else { Ok(()) }
    }

    /// Goes on with what follows, where that is: in the same message, in one around it, or in the
    /// next one.
    fn end_field(&mut self) -> Result<(), Refusal> {
        self.expects = Expects::Tag;
        while let Some((_, end)) = self.within.last() {
            if self.at > *end {
                return Err(no_message());
            }
            if self.at < *end {
                return Ok(());
            }
            self.within.pop();
        }
        self.expects = Expects::default();
        Ok(())
    }
}

fn no_message() -> Refusal {
    Refusal::invalid("Invalid argument: the request is no message of this call")
}

#[cfg(test)]
mod tests {
    use momento_protos::cache_client::{
        DictionaryDeleteRequest, DictionaryFieldValuePair, DictionaryGetRequest,
        DictionarySetRequest, GetBatchRequest, GetRequest, KeysExistRequest,
        ListConcatenateBackRequest, ListConcatenateFrontRequest, ListEraseRequest, ListRange,
        SetBatchRequest, SetContainsRequest, SetDifferenceRequest, SetRequest, SetUnionRequest,
        SortedSetElement, SortedSetGetScoreRequest, SortedSetPutRequest, SortedSetRemoveRequest,
        SortedSetUnionStoreRequest, dictionary_delete_request, list_erase_request,
        set_difference_request, sorted_set_remove_request, sorted_set_union_store_request,
    };
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).expect("it fits");
        [&[0][..], &length.to_be_bytes(), message].concat()
    }

    fn counted(method: &str, bytes: &[u8]) -> usize {
        let mut elements = Elements::of(method);
        let mut count = 0;
        for byte in bytes {
            count += elements.begun_in(std::slice::from_ref(byte)).expect("a message");
        }
        assert_eq!(Elements::of(method).begun_in(bytes).expect("a message"), count, "{method}");
        count
    }

    fn difference(difference: set_difference_request::Difference) -> Vec<u8> {
        let set_name = b"s".to_vec();
        SetDifferenceRequest { set_name, difference: Some(difference) }.encode_to_vec()
    }

    /// A message of each method that takes elements, with so many.
    fn messages(count: usize) -> Vec<(&'static str, Vec<u8>)> {
        use set_difference_request::subtrahend::{Set, SubtrahendSet};
        use set_difference_request::{Difference, Minuend, Subtrahend};
        let name = || b"\n\x12name".to_vec();
        let bytes = || vec![Vec::new(); count];
        let get = GetRequest { cache_key: name() };
        let set = SetRequest { cache_key: name(), cache_body: name(), ttl_milliseconds: 1 };
        let pair = DictionaryFieldValuePair { field: name(), value: Vec::new() };
        let scored = SortedSetElement { value: name(), score: 1.5 };
        let source = sorted_set_union_store_request::Source { set_name: name(), weight: 1.5 };
        let (ttl_milliseconds, refresh_ttl) = (60_000, true);
        vec![
            ("GetBatch", GetBatchRequest { items: vec![get; count] }.encode_to_vec()),
            ("SetBatch", SetBatchRequest { items: vec![set; count] }.encode_to_vec()),
            ("KeysExist", KeysExistRequest { cache_keys: bytes() }.encode_to_vec()),
            (
                "DictionaryGet",
                DictionaryGetRequest { dictionary_name: name(), fields: bytes() }.encode_to_vec(),
            ),
            (
                "DictionarySet",
                DictionarySetRequest {
                    dictionary_name: name(),
                    items: vec![pair; count],
                    ttl_milliseconds,
                    refresh_ttl,
                }
                .encode_to_vec(),
            ),
            (
                "DictionaryDelete",
                DictionaryDeleteRequest {
                    dictionary_name: name(),
                    delete: Some(dictionary_delete_request::Delete::Some(
                        dictionary_delete_request::Some { fields: bytes() },
                    )),
                }
                .encode_to_vec(),
            ),
            (
                "SetUnion",
                SetUnionRequest {
                    set_name: name(),
                    elements: bytes(),
                    ttl_milliseconds,
                    refresh_ttl,
                }
                .encode_to_vec(),
            ),
            (
                "SetContains",
                SetContainsRequest { set_name: name(), elements: bytes() }.encode_to_vec(),
            ),
            ("SetDifference", difference(Difference::Minuend(Minuend { elements: bytes() }))),
            (
                "SetDifference",
                difference(Difference::Subtrahend(Subtrahend {
                    subtrahend_set: Some(SubtrahendSet::Set(Set { elements: bytes() })),
                })),
            ),
            (
                "ListConcatenateFront",
                ListConcatenateFrontRequest {
                    list_name: name(),
                    values: bytes(),
                    ttl_milliseconds,
                    refresh_ttl,
                    truncate_back_to_size: 7,
                }
                .encode_to_vec(),
            ),
            (
                "ListConcatenateBack",
                ListConcatenateBackRequest {
                    list_name: name(),
                    values: bytes(),
                    ttl_milliseconds,
                    refresh_ttl,
                    truncate_front_to_size: 7,
                }
                .encode_to_vec(),
            ),
            (
                "ListErase",
                ListEraseRequest {
                    list_name: name(),
                    erase: Some(list_erase_request::Erase::Some(list_erase_request::ListRanges {
                        ranges: vec![ListRange { begin_index: 1, count: 1 }; count],
                    })),
                }
                .encode_to_vec(),
            ),
            (
                "SortedSetPut",
                SortedSetPutRequest {
                    set_name: name(),
                    elements: vec![scored; count],
                    ttl_milliseconds,
                    refresh_ttl,
                }
                .encode_to_vec(),
            ),
            (
                "SortedSetGetScore",
                SortedSetGetScoreRequest { set_name: name(), values: bytes() }.encode_to_vec(),
            ),
            (
                "SortedSetRemove",
                SortedSetRemoveRequest {
                    set_name: name(),
                    remove_elements: Some(sorted_set_remove_request::RemoveElements::Some(
                        sorted_set_remove_request::Some { values: bytes() },
                    )),
                }
                .encode_to_vec(),
            ),
            (
                "SortedSetUnionStore",
                SortedSetUnionStoreRequest {
                    set_name: name(),
                    sources: vec![source; count],
                    aggregate: 1,
                    ttl_milliseconds,
                }
                .encode_to_vec(),
            ),
        ]
    }

    #[test]
    fn every_method_has_its_elements_counted() {
        for count in [0, 1, 300] {
            for (method, message) in messages(count) {
                assert_eq!(counted(method, &framed(&message)), count, "{method}");
            }
        }
        assert_eq!(counted("SetFetch", &framed(&messages(7)[0].1)), 0);
    }

    #[test]
    fn elements_have_a_limit() {
        for (method, message) in messages(ELEMENTS_MAX) {
            let mut elements = Elements::of(method);
            let count = elements.begun_in(&framed(&message)).expect("so many may be");
            assert_eq!(count, ELEMENTS_MAX, "{method}");
        }
        for (method, message) in messages(ELEMENTS_MAX + 1) {
            let refused = Elements::of(method).begun_in(&framed(&message));
            assert!(matches!(refused, Err(Refusal::TooMany(_))), "{method}");
        }
        // Several messages, of which the decoder takes one and looks at all.
        let (method, message) = messages(ELEMENTS_MAX / 2 + 1).swap_remove(2);
        let twice = [framed(&message), framed(&message)].concat();
        assert!(matches!(Elements::of(method).begun_in(&twice), Err(Refusal::TooMany(_))));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for message in [
            // A group, a length over the message's, a number of eleven bytes, and one that its
            // message cuts off.
            &b"\x13\x14"[..],
            b"\x12\x7f",
            b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x12\x02\x0a\x01a",
        ] {
            let bytes = [&framed(message)[..], b"more, of the next one"].concat();
            let refused = Elements::of("DictionaryDelete").begun_in(&bytes);
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{message:?}: {refused:?}");
        }
        let compressed = [&[1][..], &framed(b"\x12\x02\x0a\x01a")[1..]].concat();
        assert_eq!(counted("DictionaryDelete", &compressed), 0);
    }

    proptest! {
        /// What the decoder makes of a message has no more elements than were counted.
        #[test]
        fn no_element_is_passed_over(
            bytes in proptest::collection::vec(
                prop_oneof![
                    4 => prop::sample::select(vec![0u8, 1, 2, 3, 4, 8, 10, 18, 24, 26, 32, 40]),
                    1 => any::<u8>(),
                ],
                0..40,
            )
        ) {
            let frame = framed(&bytes);
            let dictionary = DictionarySetRequest::decode(&*bytes).map(|read| read.items.len());
            let seen = Elements::of("DictionarySet").begun_in(&frame);
            if let (Ok(decoded), Ok(seen)) = (&dictionary, &seen) {
                prop_assert_eq!(decoded, seen);
            }
            let erased = ListEraseRequest::decode(&*bytes).map(|read| match read.erase {
                Some(list_erase_request::Erase::Some(some)) => some.ranges.len(),
                _ => 0,
            });
            let seen = Elements::of("ListErase").begun_in(&frame);
            if let (Ok(decoded), Ok(seen)) = (&erased, &seen) {
                prop_assert!(decoded <= seen);
            }
        }
    }
}
