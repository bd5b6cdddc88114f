//! What the host keeps for one call: budgets, captured standard error, identity. Dropped with the instance.

use std::sync::Arc;
use std::time::{Duration, Instant};

use instar_core::id::PluginId;
use wasmtime::ResourceLimiter;

use crate::blobs::Blobs;
use crate::capability::rights::Rights;
use crate::capability::tape::Tape;
use crate::error::Cause;
use crate::limits::{CORE_INSTANCES, CallLimits, MEMORIES, TABLES};
use crate::text;

/// How much of standard error is kept, to show a panic to the operator.
const STDERR_KEPT: usize = 2048;

/// The data of a store.
#[derive(Debug)]
pub(crate) struct CallState {
    pub plugin: PluginId,
    pub trace_id: String,
    /// The plugin's configuration, as `config.json` answers it.
    pub config_json: Arc<str>,
    pub limits: CallLimits,
    pub blobs: Blobs,
    /// What it may do beyond thinking; none where it only thinks.
    pub rights: Option<Arc<Rights>>,
    /// How many starts by plugins led to the run that this call belongs to.
    pub depth: u32,
    /// What is asked of the host goes by it.
    pub tape: Tape,
    /// When the call is over.
    pub deadline: Option<Instant>,
    memory_bytes: usize,
    /// What was granted last, to be taken back if it could not be had.
    memory_granted: usize,
    table_elements: usize,
    table_granted: usize,
    log_lines: u32,
    log_bytes: usize,
    stderr: Vec<u8>,
}

/// A limit that a guest ran into, carried through wasmtime as an error.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Exceeded {
    #[error("memory limit")]
    Memory { asked: usize },
    #[error("table limit")]
    Table { asked: usize },
    #[error("time limit")]
    Time,
}

/// The guest ended itself, which is no way to answer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the plugin called `exit`")]
pub(crate) struct Left;

impl CallState {
    pub(crate) fn new(plugin: PluginId, trace_id: String, config_json: Arc<str>, limits: CallLimits) -> Self {
        Self {
            plugin,
            trace_id,
            config_json,
            limits: limits.capped(),
            blobs: Blobs::default(),
            rights: None,
            depth: 0,
            tape: Tape::default(),
            deadline: None,
            memory_bytes: 0,
            memory_granted: 0,
            table_elements: 0,
            table_granted: 0,
            log_lines: 0,
            log_bytes: 0,
            stderr: Vec::new(),
        }
    }

    /// How much of the time of the call is left.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.map_or(self.limits.wall, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether a line of this length may still be logged. The first one that may not is reported.
    pub(crate) fn may_log(&mut self, bytes: usize) -> bool {
        let had_room = self.has_log_room();
        self.log_lines = self.log_lines.saturating_add(1);
        self.log_bytes = self.log_bytes.saturating_add(bytes);
        if had_room && !self.has_log_room() {
            tracing::warn!(plugin = %self.plugin, "the plugin logs too much in one call; further lines are dropped");
        }
        self.has_log_room()
    }

    fn has_log_room(&self) -> bool {
        self.log_lines <= self.limits.log_lines && self.log_bytes <= self.limits.log_bytes
    }

    pub(crate) fn keep_stderr(&mut self, bytes: &[u8]) {
        let room = STDERR_KEPT.saturating_sub(self.stderr.len());
        self.stderr.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What the guest said on standard error, fit to be shown.
    pub(crate) fn stderr(&self) -> String {
        text::clean_bytes(&self.stderr)
    }

    /// The cause that stands behind a limit.
    pub(crate) fn cause(&self, exceeded: Exceeded) -> Cause {
        match exceeded {
            Exceeded::Memory { asked } => Cause::MemoryLimit { asked, limit: self.limits.memory_bytes },
            Exceeded::Table { asked } => Cause::TableLimit { asked, limit: self.limits.table_elements },
            Exceeded::Time => Cause::Timeout { limit: self.limits.wall },
        }
    }
}

impl ResourceLimiter for CallState {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.memory_granted = desired.saturating_sub(current);
        let asked = self.memory_bytes.saturating_add(self.memory_granted);
        if asked > self.limits.memory_bytes {
            return Err(Exceeded::Memory { asked }.into());
        }
        self.memory_bytes = asked;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_bytes = self.memory_bytes.saturating_sub(self.memory_granted);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_granted = desired.saturating_sub(current);
        let asked = self.table_elements.saturating_add(self.table_granted);
        if asked > self.limits.table_elements {
            return Err(Exceeded::Table { asked }.into());
        }
        self.table_elements = asked;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.table_elements = self.table_elements.saturating_sub(self.table_granted);
        Ok(())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn state(limits: CallLimits) -> CallState {
        CallState::new("p".parse().unwrap(), String::new(), "{}".into(), limits)
    }

    #[test]
    fn memory_is_limited_over_all_memories_together() {
        let mut state = state(CallLimits { memory_bytes: 100, ..Limits::default().guard });
        assert!(state.memory_growing(0, 60, None).unwrap());
        assert!(state.memory_growing(0, 60, None).is_err(), "a second memory was not counted");
        assert!(state.memory_growing(60, 100, None).unwrap());
        state.memory_grow_failed(wasmtime::Error::msg("no")).unwrap();
        assert!(state.memory_growing(60, 100, None).unwrap(), "a failed growth was counted");
    }

    #[test]
    fn tables_are_limited_together() {
        let mut state = state(CallLimits { table_elements: 10, ..Limits::default().guard });
        assert!(state.table_growing(0, 10, None).unwrap());
        let error = state.table_growing(0, 1, None).unwrap_err();
        let exceeded = *error.downcast_ref::<Exceeded>().unwrap();
        assert_eq!(state.cause(exceeded).code(), "table-limit");
    }

    #[test]
    fn lines_and_bytes_of_the_log_are_counted() {
        let mut lines = state(CallLimits { log_lines: 2, ..Limits::default().guard });
        assert_eq!([1, 1, 1].map(|bytes| lines.may_log(bytes)), [true, true, false]);
        let mut bytes = state(CallLimits { log_bytes: 10, ..Limits::default().guard });
        assert_eq!([8, 8, 1].map(|length| bytes.may_log(length)), [true, false, false]);
    }

    #[test]
    fn standard_error_is_kept_up_to_its_limit() {
        let mut state = state(Limits::default().guard);
        state.keep_stderr(&[b'a'; 3000]);
        state.keep_stderr(b"b");
        assert_eq!(state.stderr().len(), STDERR_KEPT);
    }
}
