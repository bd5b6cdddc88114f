//! The database of a host: what happened, what is open, and what a restart goes on from.
//!
//! One SQLite file in WAL mode, written by one connection and read by a few. Events are recorded and projected to
//! rows in one transaction; deciding and the in-memory state belong to core, and the hot reads to the engine's view.
//! The statements are portable, because a fleet of hosts will share one PostgreSQL; what only SQLite understands is
//! in `open`.

mod backup;
mod error;
mod import;
mod keep;
mod ledger;
mod look;
mod open;
mod read;
mod record;
mod restore;
mod rows;
mod spoken;
mod story;
mod values;

pub use backup::{back_up, check_backup};
pub use error::StoreError;
pub use import::{Import, ImportedEvent};
pub use ledger::{Skip, SkipCounts};
pub use open::Store;
pub use read::EventFilter;
pub use restore::Snapshot;
pub use spoken::{LogSize, LoggedMessage, MessageFilter};
pub use story::Story;
pub use values::{Before, KeptValue, Put};
