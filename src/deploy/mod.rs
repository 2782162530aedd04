//! From bundles to what runs: reading, lint, linking, and the registry of active revisions.

mod check;
mod deployer;
mod fix;
mod generation;
mod health;
mod router;
pub mod watch;

pub use check::{Checked, Found, Offer, UNREADABLE, check_path, offer_of};
pub use deployer::{Deployer, Outcome, Report, Settings};
pub use fix::{Fixed, fix_path};
pub use generation::{Generation, Registry, Route};
pub use health::Monitors;

#[cfg(test)]
mod tests;
