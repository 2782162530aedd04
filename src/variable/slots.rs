//! The bundle's own variables, numbered: one table a plan.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::variable::{Place, VarRef, name};

/// The number of a variable in its plan's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(u32);

impl Slot {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug)]
struct SlotRow {
    name: Arc<str>,
    read: bool,
}

/// All names that a plan's policies, conditions and templates use and that the
/// documentation does not list.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    by_name: HashMap<Arc<str>, Slot>,
    rows: Vec<SlotRow>,
}

impl Slots {
    /// Gives the reference its place; the variable counts as read by somebody.
    pub fn bind(&mut self, variable: &mut VarRef) {
        self.place(variable, true);
    }

    /// Gives a variable that a policy only writes its place: see [`Slots::is_read`].
    pub fn bind_output(&mut self, variable: &mut VarRef) {
        self.place(variable, false);
    }

    pub fn find(&self, name: &str) -> Option<Slot> {
        self.by_name.get(name).copied()
    }

    pub fn name(&self, slot: Slot) -> &str {
        self.rows.get(slot.index()).map_or("", |row| &row.name)
    }

    /// False where nothing in the plan reads the variable, so that its value need not be made.
    pub fn is_read(&self, slot: Slot) -> bool {
        self.rows.get(slot.index()).is_some_and(|row| row.read)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn place(&mut self, variable: &mut VarRef, read: bool) {
        match &variable.place {
            Place::Fixed(_) | Place::Message(..) | Place::Property => {}
            Place::Slot(slot) => {
                let slot = *slot;
                self.mark(slot, read);
            }
            Place::SlotPart { whole, base, .. } => {
                let (whole, base) = (*whole, *base);
                self.mark(whole, read);
                self.mark(base, read);
            }
            Place::Named => {
                let whole = self.slot(&variable.name.clone(), read);
                variable.place = match name::split_part(&variable.name) {
                    Some((base, part)) => {
                        let base = self.slot(&Arc::from(base), true);
                        Place::SlotPart { whole, base, part: Box::new(part) }
                    }
                    None => Place::Slot(whole),
                };
            }
        }
    }

    fn slot(&mut self, name: &Arc<str>, read: bool) -> Slot {
        if let Some(slot) = self.by_name.get(name) {
            let slot = *slot;
            self.mark(slot, read);
            return slot;
        }
        let slot = Slot(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        self.rows.push(SlotRow { name: name.clone(), read });
        self.by_name.insert(name.clone(), slot);
        slot
    }

    fn mark(&mut self, slot: Slot, read: bool) {
        if let Some(row) = self.rows.get_mut(slot.index()) {
            row.read |= read;
        }
    }
}
