//! `Copy` and `Remove`: parts of a message by name, by name and index, or all of them.
//!
//! Source: Apigee docs, "AssignMessage policy". An empty collection stands for all of it,
//! an empty `Copy` for the whole message. Framing headers are not copied: the length that is
//! sent is that of the body that is sent.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Method};

use crate::message::{
    Fault, Head, Message, MessageContext, MessageKind, Value, append_pair, header_text, pairs,
    remove_pair,
};
use crate::policy::kind::Linker;
use crate::policy::message_builder::{Destination, Running, in_scope};
use crate::variable::{Part, Place, Role, VarRef};

#[derive(Debug)]
pub(super) struct Copy {
    pub(super) source: VarRef,
    pub(super) pieces: Pieces,
}

#[derive(Debug)]
pub(super) struct Pieces {
    /// No piece was named.
    pub(super) whole: bool,
    pub(super) list: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Headers,
    Header(HeaderName, Option<usize>),
    QueryParams,
    QueryParam(String, Option<usize>),
    FormParams,
    FormParam(String, Option<usize>),
    Payload,
    Verb,
    Version,
    Path,
    StatusCode,
    ReasonPhrase,
}

impl Piece {
    pub(super) fn is_form(&self) -> bool {
        matches!(self, Self::FormParams | Self::FormParam(..))
    }
}

/// Binds a message of which everything but the body is used.
pub(in crate::policy) fn bind_head(message: &mut VarRef, linker: &mut dyn Linker) {
    if matches!(message.place(), Place::Message(_, Part::Whole)) {
        // A binding of a whole predefined message would ask for its body.
        let mut version = VarRef::parse(&format!("{}.version", message.name()));
        linker.bind_variable(&mut version);
    } else {
        linker.bind_variable(message);
    }
}

/// Where a copy comes from.
enum Source {
    Role(Role),
    Own(Rc<RefCell<Message>>),
}

impl Copy {
    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        let reads_body =
            self.pieces.list.iter().any(|piece| *piece == Piece::Payload || piece.is_form());
        if reads_body {
            linker.bind_variable(&mut self.source);
        } else {
            bind_head(&mut self.source, linker);
        }
    }

    pub(super) fn run(&self, cx: &mut MessageContext, run: &Running<'_>) -> Result<(), Fault> {
        let Some(source) = self.find(cx, run)? else { return Ok(()) };
        let same = match (&source, run.destination) {
            (Source::Role(source), Destination::Role(destination)) => source == destination,
            (Source::Own(source), Destination::Own(destination)) => Rc::ptr_eq(source, destination),
            (Source::Role(_), Destination::Own(_)) | (Source::Own(_), Destination::Role(_)) => {
                false
            }
        };
        if same {
            return Ok(());
        }
        match (source, run.destination) {
            (Source::Own(source), destination) => {
                let source = source.borrow();
                destination.change(cx, |message| copy(&source, &self.pieces, message));
            }
            (Source::Role(source), Destination::Own(destination)) => {
                if let Some(source) = cx.role_message(source) {
                    copy(source, &self.pieces, &mut destination.borrow_mut());
                }
            }
            (Source::Role(source), Destination::Role(destination)) => {
                // The destination leaves the context while the source is read from it.
                let Some(place) = cx.role_message_mut(*destination) else { return Ok(()) };
                let mut taken = std::mem::replace(place, Message::empty(place.kind()));
                if let Some(source) = cx.role_message(source) {
                    copy(source, &self.pieces, &mut taken);
                }
                if let Some(place) = cx.role_message_mut(*destination) {
                    *place = taken;
                }
            }
        }
        Ok(())
    }

    /// `None`: there is nothing to copy, and that is allowed.
    fn find(&self, cx: &MessageContext, run: &Running<'_>) -> Result<Option<Source>, Fault> {
        let role = match self.source.place() {
            Place::Message(Role::Message, Part::Whole) => Some(in_scope(cx)),
            Place::Message(role, Part::Whole) => Some(*role),
            Place::Message(..)
            | Place::Fixed(_)
            | Place::Slot(_)
            | Place::SlotPart { .. }
            | Place::Property
            | Place::Named => None,
        };
        let found = match role {
            Some(role) => cx.role_message(role).map(|_| Source::Role(role)),
            None => match cx.get_value(&self.source) {
                Some(Value::Message(message)) => Some(Source::Own(message)),
                Some(_) => return Err(run.owner.no_message(self.source.name())),
                None => None,
            },
        };
        if found.is_none() && !run.ignores_unresolved() {
            return Err(run.owner.unresolved(self.source.name()));
        }
        Ok(found)
    }
}

fn copy(from: &Message, pieces: &Pieces, to: &mut Message) {
    if pieces.whole {
        to.headers.clear();
    }
    for piece in &pieces.list {
        copy_piece(from, piece, to);
    }
}

/// What one of the two kinds of message has not is left out.
fn copy_piece(from: &Message, piece: &Piece, to: &mut Message) {
    match piece {
        Piece::Headers => {
            for name in from.headers.keys() {
                if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
                    copy_header(&from.headers, name, &mut to.headers);
                }
            }
        }
        Piece::Header(name, None) => copy_header(&from.headers, name, &mut to.headers),
        Piece::Header(name, Some(nth)) => {
            if let Some(value) = from.header_value(name, *nth) {
                let value = header_text(&value);
                log_full(to.headers.try_insert(name.clone(), value).map(|_| true));
            }
        }
        Piece::QueryParams | Piece::QueryParam(..) => {
            if from.kind() == MessageKind::Request && to.kind() == MessageKind::Request {
                let query = copy_pairs(from.query(), piece, to.query());
                // Both texts are queries already, and so is what is made of them.
                if !to.set_query(&query) {
                    tracing::debug!("a query is too long to be copied");
                }
            }
        }
        Piece::FormParams | Piece::FormParam(..) => {
            let posted = from.method().is_some_and(|m| *m == Method::POST || *m == Method::PUT);
            if posted
                && to.kind() == MessageKind::Request
                && let Some(form) = from.form()
            {
                let form = copy_pairs(&form, piece, &to.form().unwrap_or_default());
                to.set_form(form);
            }
        }
        Piece::Payload => {
            if let Some(content) = from.content() {
                to.set_content(content.clone());
            }
        }
        Piece::Version => to.version = from.version,
        Piece::Verb => {
            if let (Head::Request(from), Head::Request(to)) = (&from.head, &mut to.head) {
                to.method = from.method.clone();
            }
        }
        Piece::Path => {
            if let Some(path) = from.path() {
                let query = to.query().to_owned();
                if to.kind() == MessageKind::Request && !to.set_target(path, &query) {
                    tracing::debug!("a path is too long to be copied");
                }
            }
        }
        Piece::StatusCode => {
            if let (Head::Response(from), Head::Response(to)) = (&from.head, &mut to.head) {
                to.status = from.status;
                to.reason = None;
            }
        }
        Piece::ReasonPhrase => {
            if let (Head::Response(from), Head::Response(to)) = (&from.head, &mut to.head) {
                to.reason = from.reason.clone();
            }
        }
    }
}

fn copy_header(from: &HeaderMap, name: &HeaderName, to: &mut HeaderMap) {
    let mut values = from.get_all(name).iter();
    let Some(first) = values.next() else { return };
    log_full(to.try_insert(name.clone(), first.clone()).map(|_| true));
    for value in values {
        log_full(to.try_append(name.clone(), value.clone()));
    }
}

fn log_full(kept: Result<bool, http::header::MaxSizeReached>) {
    if kept.is_err() {
        tracing::debug!("a message has no room for one more header");
    }
}

/// `to` with the pairs that the piece names, each name's values in the place of its old ones.
fn copy_pairs(from: &str, piece: &Piece, to: &str) -> String {
    let all: Vec<(Cow<'_, str>, Cow<'_, str>)> = pairs(from).collect();
    let chosen: Vec<(&str, &str)> = match piece {
        Piece::QueryParam(name, nth) | Piece::FormParam(name, nth) => {
            let values = all.iter().filter(|(found, _)| found == name);
            let values = values.enumerate();
            let values = values.filter(|(at, _)| nth.is_none_or(|nth| at + 1 == nth));
            values.map(|(_, (name, value))| (name.as_ref(), value.as_ref())).collect()
        }
        _ => all.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect(),
    };
    let mut out = to.to_owned();
    for (name, _) in &chosen {
        out = remove_pair(&out, name, None);
    }
    for (name, value) in chosen {
        out = append_pair(&out, name, value);
    }
    out
}

/// Form parameters go first: without its `Content-Type` a message has no form.
pub(super) fn remove(message: &mut Message, pieces: &Pieces) {
    let forms = pieces.list.iter().filter(|piece| piece.is_form());
    let others = pieces.list.iter().filter(|piece| !piece.is_form());
    for piece in forms.chain(others) {
        remove_piece(message, piece);
    }
}

fn remove_piece(message: &mut Message, piece: &Piece) {
    match piece {
        Piece::Headers => message.headers.clear(),
        Piece::Header(name, nth) => message.remove_header(name, *nth),
        Piece::QueryParams => {
            let _cleared = message.set_query("");
        }
        Piece::QueryParam(name, nth) => {
            let _removed = message.remove_query_param(name, *nth);
        }
        Piece::FormParams => {
            if message.is_form() {
                message.set_content(bytes::Bytes::new());
            }
        }
        Piece::FormParam(name, nth) => message.remove_form_param(name, *nth),
        Piece::Payload => message.set_content(bytes::Bytes::new()),
        // `Remove` has no such children.
        Piece::Verb | Piece::Version | Piece::Path | Piece::StatusCode | Piece::ReasonPhrase => {}
    }
}
