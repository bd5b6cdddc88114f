//! What a plugin of instar is written with: implement a trait, register it, done.
//!
//! ```ignore
//! use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
//! use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};
//!
//! struct Hello;
//!
//! impl Plugin for Hello {
//!     type Config = NoConfig;
//! }
//!
//! impl ExecuteType for Hello {
//!     fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
//!         Ok(Launch::new(["echo", "hello"]))
//!     }
//! }
//!
//! register_execute!(Hello);
//! ```
//!
//! Every call is answered by a fresh instance: statics and globals forget. The host gives no files and no
//! randomness; a plugin that asks for them is not loaded. Notifiers, and execute types in their steps, may use
//! [`http`], [`kv`], [`secrets`], [`clock`], [`jobs`], [`sessions`], [`events`] and [`process`] as far as their manifest asks and
//! the operator grants it.
//! A component may be of several kinds: `register!(Both: run_guard, notifier)`.

pub mod agent;
#[doc(hidden)]
pub mod bindings;
pub mod clock;
mod config;
#[cfg(not(target_family = "wasm"))]
pub mod double;
pub mod events;
pub mod execute;
pub mod guard;
pub mod http;
pub mod job;
pub mod jobs;
pub mod kv;
pub mod log;
pub mod notifier;
pub mod process;
pub mod prompt;
mod register;
pub mod secrets;
pub mod sessions;

pub use bindings::words::instar::plugin::types::{CallCtx, Diagnostic, Failure, JobRef, Origin, Severity};
pub use config::{NoConfig, Plugin};

#[doc(hidden)]
pub use register::Export;

impl Failure {
    /// A failure that stays one: trying again does not help.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: false, retry_after_ms: None }
    }

    /// The same call may work later.
    pub fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// The same call may work after so many milliseconds.
    pub fn retry_after_ms(self, wait: u64) -> Self {
        Self { retryable: true, retry_after_ms: Some(wait), ..self }
    }
}

impl Diagnostic {
    /// The host must not load the plugin with this configuration.
    pub fn refusal(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), severity: Severity::High, message: message.into() }
    }

    /// Something that somebody may want to know.
    pub fn remark(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), severity: Severity::Info, message: message.into() }
    }
}
