//! The store against real files: what is recorded is there after any end of the process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backup;
mod conversations;
mod crash;
mod fixture;
mod importing;
mod keeping;
mod ledger;
mod opening;
mod reading;
mod recording;
mod restart;
mod values;
