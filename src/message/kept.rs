//! A variable's value for as long as another one stands in its place.

use http::HeaderValue;

use crate::message::{Message, MessageContext, Value};
use crate::variable::{Part, Place, VarRef, Which};

/// What a variable was.
#[derive(Debug)]
pub enum Kept {
    Absent,
    Value(Value),
    /// All fields of a header: its variable reads as the first of their values alone.
    Fields(Vec<HeaderValue>),
}

impl MessageContext {
    pub fn keep(&self, variable: &VarRef) -> Kept {
        let fields = match variable.place() {
            Place::Message(role, part) => self.role_message(*role).and_then(|m| fields(m, part)),
            Place::SlotPart { base, part, .. } => {
                self.own_message(*base).and_then(|message| fields(&message.borrow(), part))
            }
            Place::Fixed(_) | Place::Slot(_) | Place::Property | Place::Named => None,
        };
        match fields {
            Some(fields) if fields.is_empty() => Kept::Absent,
            Some(fields) => Kept::Fields(fields),
            None => self.get_value(variable).map_or(Kept::Absent, Kept::Value),
        }
    }

    /// What may not be written stays as it is.
    pub fn restore(&mut self, variable: &VarRef, kept: Kept) {
        if variable.is_read_only() {
            return;
        }
        if let Kept::Value(value) = kept {
            self.set(variable, value).unwrap_or_default();
            return;
        }
        match variable.place() {
            Place::Message(role, part) => {
                if let Some(message) = self.role_message_mut(*role) {
                    restore_part(message, part, kept);
                }
            }
            Place::SlotPart { base, part, .. } => match self.own_message(*base) {
                Some(message) => restore_part(&mut message.borrow_mut(), part, kept),
                None => self.remove(variable),
            },
            Place::Fixed(_) | Place::Slot(_) | Place::Property | Place::Named => {
                self.remove(variable);
            }
        }
    }
}

fn fields(message: &Message, part: &Part) -> Option<Vec<HeaderValue>> {
    let Part::Header(name, _) = part else { return None };
    Some(message.headers.get_all(name).iter().cloned().collect())
}

/// `kept` is no value: it is nothing, or a header's fields.
fn restore_part(message: &mut Message, part: &Part, kept: Kept) {
    let nth = |which: Which| match which {
        Which::Nth(nth) => usize::try_from(nth).ok(),
        Which::First | Which::Values | Which::Count | Which::Joined => None,
    };
    match part {
        Part::Header(name, _) => {
            message.headers.remove(name);
            let Kept::Fields(fields) = kept else { return };
            for field in fields {
                message.headers.append(name.clone(), field);
            }
        }
        Part::QueryParam(name, which) => drop(message.remove_query_param(name, nth(*which))),
        Part::FormParam(name, which) => message.remove_form_param(name, nth(*which)),
        _ => {}
    }
}
