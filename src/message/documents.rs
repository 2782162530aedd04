//! Payloads that a policy has taken apart, kept for what looks into them next.
//!
//! Bytes never change, so that the same place in memory is the same payload for as long as it is
//! held here. One document of each format is kept, and only those of small payloads outlive
//! the step that read them: a request may wait long for its target.

use std::fmt;
use std::rc::Rc;

use bytes::Bytes;

use crate::json::{self, JsonError};
use crate::xmltree::{XmlTree, XmlTreeError};

/// The document of a larger payload is dropped when the step ends.
const KEPT_PAYLOAD_BYTES_MAX: usize = 64 * 1024;

#[derive(Default)]
pub struct Documents {
    json: Option<Kept<json::Document>>,
    xml: Option<Kept<XmlTree>>,
}

struct Kept<T> {
    payload: Bytes,
    tree: Rc<T>,
}

impl Documents {
    pub fn json(&mut self, payload: &Bytes) -> Result<Rc<json::Document>, JsonError> {
        Kept::get(&mut self.json, payload, |payload| json::Document::read(payload.clone()))
    }

    pub fn xml(&mut self, payload: &Bytes) -> Result<Rc<XmlTree>, XmlTreeError> {
        Kept::get(&mut self.xml, payload, |payload| XmlTree::parse(payload))
    }

    /// The step that read them is over.
    pub fn end_step(&mut self) {
        Kept::end_step(&mut self.json);
        Kept::end_step(&mut self.xml);
    }
}

impl<T> Kept<T> {
    fn get<E>(
        kept: &mut Option<Self>,
        payload: &Bytes,
        parse: impl FnOnce(&Bytes) -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        if let Some(document) = kept.as_ref().filter(|found| found.is_of(payload)) {
            return Ok(document.tree.clone());
        }
        let tree = Rc::new(parse(payload)?);
        *kept = Some(Self { payload: payload.clone(), tree: tree.clone() });
        Ok(tree)
    }

    fn is_of(&self, payload: &Bytes) -> bool {
        self.payload.as_ptr() == payload.as_ptr() && self.payload.len() == payload.len()
    }

    fn end_step(kept: &mut Option<Self>) {
        if kept.as_ref().is_some_and(|found| found.payload.len() > KEPT_PAYLOAD_BYTES_MAX) {
            *kept = None;
        }
    }
}

/// Without what the payloads hold.
impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents")
            .field("json", &self.json.is_some())
            .field("xml", &self.xml.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_once() {
        let mut documents = Documents::default();
        let payload = Bytes::from(b"[1]".to_vec());
        let first = documents.json(&payload).unwrap();
        assert!(Rc::ptr_eq(&first, &documents.json(&payload.clone()).unwrap()));
        documents.end_step();
        assert!(Rc::ptr_eq(&first, &documents.json(&payload).unwrap()));
        let other = Bytes::from(b"[2]".to_vec());
        assert_eq!(documents.json(&other).unwrap().root().to_json(), "[2]");
        assert!(documents.json(&Bytes::from_static(b"[")).is_err());
        assert!(documents.xml(&Bytes::from_static(b"<a/>")).is_ok());
        assert!(documents.xml(&Bytes::from_static(b"<a>")).is_err());
    }

    #[test]
    fn documents_of_large_payloads_end_with_their_step() {
        for (bytes, outlives) in
            [(KEPT_PAYLOAD_BYTES_MAX, true), (KEPT_PAYLOAD_BYTES_MAX + 1, false)]
        {
            let mut documents = Documents::default();
            let payload = Bytes::from(format!("0{}", " ".repeat(bytes - 1)));
            let first = documents.json(&payload).unwrap();
            assert!(Rc::ptr_eq(&first, &documents.json(&payload).unwrap()));
            documents.end_step();
            assert_eq!(Rc::ptr_eq(&first, &documents.json(&payload).unwrap()), outlives);
        }
    }
}
