//! The credentials that have a form of their own, one file for each part of the world.

use instar_plugin_sdk::Severity;

pub(crate) mod ai;
pub(crate) mod chat;
pub(crate) mod cloud;
pub(crate) mod code;
pub(crate) mod money;
pub(crate) mod service;
pub(crate) mod shaped;

const CRITICAL: Severity = Severity::Critical;
const HIGH: Severity = Severity::High;
const MEDIUM: Severity = Severity::Medium;
const LOW: Severity = Severity::Low;
