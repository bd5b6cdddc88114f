//! Whose turn it is to poll a notifier: the process that holds its lock, which the kernel gives back however it dies.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;

use instar_core::id::PluginId;
use instar_engine::{Ears, KeptAnswer, Turn};
use rustix::fs::{FlockOperation, flock};

use crate::config::Project;
use crate::heard::{self, Heard};

/// What the processes of one project heard.
#[derive(Debug)]
pub(crate) struct ProjectEars {
    project: Project,
}

impl ProjectEars {
    pub(crate) fn new(project: Project) -> Self {
        Self { project }
    }

    fn heard(&self, notifier: &PluginId) -> Heard {
        Heard::of(&self.project, notifier)
    }
}

/// The turn to poll, if nobody has it.
pub(crate) fn turn(project: &Project, notifier: &PluginId) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(project.poll_lock(notifier))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Ears for ProjectEars {
    fn turn(&self, notifier: &PluginId) -> io::Result<Option<Turn>> {
        Ok(turn(&self.project, notifier)?.map(|file| Box::new(file) as Turn))
    }

    fn kept(&self, notifier: &PluginId, number: Option<u64>) -> io::Result<Option<KeptAnswer>> {
        let heard = self.heard(notifier);
        let number = match number {
            None => heard.numbers()?.first().copied(),
            number => number,
        };
        number.map_or(Ok(None), |number| heard::kept_answer(&heard, number))
    }

    fn taken(&self, notifier: &PluginId, number: u64) -> io::Result<()> {
        self.heard(notifier).remove(number)
    }

    fn set_aside(&self, notifier: &PluginId, number: u64) -> io::Result<()> {
        self.heard(notifier).set_aside(number)
    }

    fn goes_on(&self, notifier: &PluginId, cursor: &str) -> io::Result<()> {
        self.heard(notifier).go_on(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_turn_at_a_time_and_for_each_notifier() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::at(dir.path()).unwrap();
        std::fs::create_dir_all(project.run_dir()).unwrap();
        let [mail, chat] = ["mail", "chat"].map(|id| id.parse().unwrap());
        let held = turn(&project, &mail).unwrap().expect("it is free");
        assert!(turn(&project, &mail).unwrap().is_none());
        assert!(turn(&project, &chat).unwrap().is_some());
        drop(held);
        assert!(turn(&project, &mail).unwrap().is_some());
    }
}
