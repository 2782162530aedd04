//! The policies, one file each, and their table.

pub mod kind;
