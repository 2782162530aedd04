//! Momento's HTTP and gRPC services over the environment's caches, for its unmodified client
//! libraries.
//!
//! Sources: Momento's protocol definitions and documentation; what its libraries send, and what
//! they make of the answers.

mod keyring;
mod permission;
mod token;

pub use keyring::Keyring;
pub use token::StandingTokens;
