//! Lines for the operator's log. The host adds who speaks. In native tests they go nowhere.

pub use crate::bindings::words::instar::plugin::log::Level;

/// One line with named values.
pub fn emit(level: Level, message: &str, fields: &[(&str, &str)]) {
    if cfg!(target_arch = "wasm32") {
        let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        crate::bindings::words::instar::plugin::log::emit(level, message, &fields);
    }
}

pub fn debug(message: &str) {
    emit(Level::Debug, message, &[]);
}

pub fn info(message: &str) {
    emit(Level::Info, message, &[]);
}

pub fn warn(message: &str) {
    emit(Level::Warn, message, &[]);
}

pub fn error(message: &str) {
    emit(Level::Error, message, &[]);
}
