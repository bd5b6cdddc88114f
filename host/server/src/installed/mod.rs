//! What was installed: `.instar/plugins/instar.lock`, and the components that it names.
//!
//! The lock is the one place that says what is installed, from where, and what it may do. A component lies beside it
//! under the name of its digest and is never written twice. So a change is one rename of the lock: whoever dies
//! before it has changed nothing, and whoever dies behind it has changed all.

mod candidate;
mod consent;
mod fetch;
mod folder;
mod lock_file;
mod quarantine;
mod registry;
mod shadow;
mod signature;
mod site;
mod version;

pub(crate) use candidate::Candidate;
use candidate::{Unfit, examine, neighbours, try_out};
pub(crate) use consent::{Line, Mark};
use consent::{kept, lines};
pub(crate) use fetch::{FetchError, Fetched, Place, SharedComponents, fetch};
pub(crate) use folder::{InstallError, PluginFolder};
pub(crate) use lock_file::{Component, Entry, LockFile, LockFileError};
pub(crate) use registry::{Reference, RegistryError, push};
pub(crate) use shadow::{Judging, NoShadow, ShadowSource};
pub(crate) use signature::is_key;
use signature::{Claims, Untrusted, judge};
pub(crate) use site::{Offer, Offered, Site, SiteFault, Wish, listed};
