//! Sessions: commands that run in tmux under a small wrapper, watched from start to end.
//!
//! This crate owns processes and tmux. Which session runs when, and what its end means, is the
//! engine's business; what is kept of it in the database is the store's.

mod activity;
mod changes;
mod crash;
mod disk;
mod environment;
pub mod errand;
mod folder;
mod inbox;
mod input;
mod keep;
mod key;
mod names;
mod notes;
mod output;
mod process;
mod record;
mod sessions;
mod settings;
mod start;
mod stop;
mod tmux;
mod version;
pub mod wrapper;

pub use activity::{Activity, Doing};
pub use crash::Found;
pub use environment::allowed;
pub use errand::{Errand, ErrandEnd, ErrandHow, ProgramError};
pub use folder::FolderError;
pub use input::{InputError, check_text};
pub use key::{Key, KeyError};
pub use names::socket_name;
pub use process::Process;
pub use sessions::{SessionError, Sessions};
pub use settings::{Order, Settings};
pub use tmux::{TmuxError, usable_tmux};
pub use version::VersionError;
