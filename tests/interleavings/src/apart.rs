//! In place of the modules that the scenarios do without; the names are those that others re-export.

pub struct CacheControl;
pub struct Caches;
pub struct NamedCache;
