//! What a guest may ask the host: its configuration, and to have a line logged.

use wasmtime::component::{HasSelf, Linker};

use super::bindings::instar::plugin::{config, log};
use crate::state::CallState;
use crate::text;

/// The longest line of a log that is kept.
const LONGEST_LINE: usize = 2048;

pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    config::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl config::Host for CallState {
    fn json(&mut self) -> String {
        self.config_json.to_string()
    }
}

impl log::Host for CallState {
    fn emit(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        let of_fields: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        if !self.may_log(message.len() + of_fields) {
            return;
        }
        let mut line = message;
        for (name, value) in fields {
            line.push_str(&format!(" {name}={value}"));
        }
        let line = text::clean_up_to(&line, LONGEST_LINE);
        let (plugin, trace) = (&self.plugin, &self.trace_id);
        match level {
            log::Level::Trace => tracing::trace!(target: "plugin", %plugin, trace, "{line}"),
            log::Level::Debug => tracing::debug!(target: "plugin", %plugin, trace, "{line}"),
            log::Level::Info => tracing::info!(target: "plugin", %plugin, trace, "{line}"),
            log::Level::Warn => tracing::warn!(target: "plugin", %plugin, trace, "{line}"),
            log::Level::Error => tracing::error!(target: "plugin", %plugin, trace, "{line}"),
        }
    }
}
