//! Loads, audits, limits and calls plugins: WebAssembly components behind the contract in `wit/`.
//!
//! This crate owns wasmtime. It knows nothing of jobs, sessions or storage: a caller hands over values
//! and gets values back. [`Plugins`] is the only way to a call; [`inspect()`] looks without one.

mod audit;
mod binary;
mod blobs;
mod cache;
mod call;
mod capability;
mod command_pattern;
mod error;
mod execute;
mod gate;
mod grants;
mod guard;
mod hear;
mod inert;
mod inspect;
mod lane;
mod launch;
mod limits;
mod live;
mod load;
mod manifest;
mod notify;
mod plugins;
mod secret;
mod state;
mod stats;
mod text;
mod ticker;
mod turns;
mod web;
mod wish;
mod wit;

pub use audit::{CONTRACT, Kind, RIGHTS};
pub use binary::with_manifest;
pub use capability::clock::StoppedClock;
pub use capability::events::{EventSeen, Events, OwnEvent};
pub use capability::http::Refusal;
pub use capability::jobs::{JobStanding, Jobs, TriggerOrder, Triggered};
pub use capability::kv::{Answer, NewValue, OnlyIf, Value, Values, ValuesError};
pub use capability::process::Processes;
pub use capability::rights::Means;
pub use capability::sessions::{SessionStanding, SessionsOfHost};
pub use capability::{Answered, Refused};
pub use error::{Cause, GuestFailure, PluginError};
pub use grants::{Grant, OperatorSays};
pub use guard::Judgement;
pub use guard::hook::{Moment, Redaction, Rule, Scan};
pub use guard::question::{Asked, Ear, Question, Said, Spoken};
pub use hear::{Batch, FetchedFile, Poll, PollRequest, PollResponse};
pub use inspect::{About, Import, Inspection, inspect, manifest_of};
pub use lane::{Allocation, PoolChoice};
pub use limits::{CallLimits, Limits};
pub use live::Live;
pub use load::{Installed, Native, Origin, Quarantine, Settings, Source, Trial};
pub use manifest::manifest_schema;
pub use notify::Receipt;
pub use plugins::{NamedSecret, PluginInfo, Plugins};
pub use secret::{Secret, Secrets};
pub use stats::{PluginStats, StatsBook, Trip, is_own_fault};
pub use web::{Web, WebAnswer, WebError, WebRequest};
pub use wish::{Danger, Wish};
pub use wit::since_v0_1::{Asker, CallContext};
