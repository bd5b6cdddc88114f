//! Editing the jobs file, for the command line and the API alike: one editor at a time, written whole, never over what
//! cannot be read, and with everything that the edit is not about as it was.

pub(crate) mod edit;
mod folder;

pub(crate) use edit::{Edit, EditError, Edited};
pub(crate) use folder::{ChangeError, JobsFolder, lock};
