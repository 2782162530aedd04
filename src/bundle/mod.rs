//! A folder or a zip to named files. The only reader of bundle files.

/// What a bundle holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleKind {
    Proxy,
    SharedFlow,
}
