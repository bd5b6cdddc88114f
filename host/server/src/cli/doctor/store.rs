//! The database: a look that changes nothing.

use instar_store::{Store, StoreError};
use tokio::runtime::Runtime;

use super::fault::{self, Finding};
use crate::cli::output::quoted;
use crate::cli::sentence;
use crate::config::Project;

pub(super) fn examine(project: &Project, runtime: &Runtime) -> Option<Finding> {
    let path = project.database();
    let error = runtime.block_on(Store::look(&path)).err()?;
    let (fault, fix) = match &error {
        StoreError::Corrupt { .. } | StoreError::Foreign { .. } | StoreError::Unreadable { .. } => {
            let fix = format!(
                "instar server stop && for file in {path}*; do mv \"$file\" \"$file.aside\"; done && instar server start; the history begins anew, jobs and settings stay",
                path = quoted(&path)
            );
            (fault::DATABASE_DAMAGED, fix)
        }
        StoreError::StrayLog { .. } => {
            let log = path.with_extension("db-wal");
            let fix = format!("put the database back from a backup, or: mv {0} {0}.aside", quoted(&log));
            (fault::DATABASE_DAMAGED, fix)
        }
        StoreError::NewerDatabase { .. } => {
            (fault::DATABASE_NEWER, "install the newer instar again, or put back a database from before it".to_owned())
        }
        StoreError::Busy { .. } => {
            (fault::DATABASE_UNREADABLE, format!("end the program that `fuser {}` names", quoted(&path)))
        }
        _ => (fault::DATABASE_UNREADABLE, format!("`ls -l {}*` shows who may read it", quoted(&path))),
    };
    Some(Finding::new(fault, sentence(&error.into()), fix))
}
