//! Which of the platform's two products the environment behaves like.

/// `Edge`: named caches must exist at deploy. `X`: they come into being when a policy names
/// them, and transport faults carry `detail.reason`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    Edge,
    X,
}
