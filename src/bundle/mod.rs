//! A folder or a zip to named files. The only reader of bundle files.
