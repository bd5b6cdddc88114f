//! The rules, one family a file, and the way of a command through them.

pub(crate) mod cloud;
pub(crate) mod containers;
pub(crate) mod credentials;
pub(crate) mod databases;
pub(crate) mod disks;
mod doors;
mod downloads;
mod exposure;
pub(crate) mod filesystem;
pub(crate) mod find;
pub(crate) mod git;
pub(crate) mod itself;
mod keepers;
pub(crate) mod kubernetes;
pub(crate) mod leaving;
mod listed;
mod machine;
pub(crate) mod network;
pub(crate) mod overwrite;
mod payload;
mod processes;
pub(crate) mod publishing;
mod rights;
mod runner;
mod stores;
mod strangers;
pub(crate) mod sweepers;
pub(crate) mod system;
pub(crate) mod terraform;
pub(crate) mod unseen;
mod vcs;
pub(crate) mod verbs;
pub(crate) mod windows;

use crate::code;
use crate::rule::Report;
use crate::scene::{Cmd, Scene};

/// What all rules say about what was found.
pub(crate) fn judge(scene: &Scene<'_>, report: &mut Report) {
    for name in scene.recursive_functions {
        report.add(&system::FORK_BOMB, name);
    }
    for cmd in scene.cmds() {
        if !scene.is_guess {
            report.command = u32::try_from(cmd.index).ok();
        }
        let mut inner = Some(cmd);
        while let Some(cmd) = inner {
            one(cmd, report);
            inner = runner::inside(&cmd);
        }
    }
    if scene.is_guess {
        return downloads::downloads_that_run(scene, report);
    }
    for code in scene.code {
        report.command = Some(code.command);
        code::judge(code, scene, report);
    }
    report.command = None;
    downloads::downloads_that_run(scene, report);
}

fn one(cmd: Cmd<'_>, report: &mut Report) {
    let judges: &[fn(&Cmd<'_>, &mut Report)] = &[
        filesystem::judge,
        overwrite::judge,
        find::judge,
        git::judge,
        disks::judge,
        databases::judge,
        containers::judge,
        kubernetes::judge,
        cloud::judge,
        exposure::judge,
        terraform::judge,
        publishing::judge,
        system::judge,
        network::judge,
        doors::judge,
        credentials::judge,
        unseen::judge,
        payload::judge,
        vcs::judge,
        windows::judge,
        sweepers::judge,
        strangers::judge,
        itself::judge,
    ];
    for judge in judges {
        judge(&cmd, report);
    }
}

/// Every rule of every pack.
pub(crate) fn all_rules() -> impl Iterator<Item = &'static crate::rule::Rule> {
    let packs = [
        cloud::RULES,
        containers::RULES,
        credentials::RULES,
        databases::RULES,
        disks::RULES,
        filesystem::RULES,
        find::RULES,
        git::RULES,
        itself::RULES,
        kubernetes::RULES,
        network::RULES,
        overwrite::RULES,
        publishing::RULES,
        sweepers::RULES,
        system::RULES,
        terraform::RULES,
        unseen::RULES,
        windows::RULES,
        crate::code::RULES,
        crate::guess::RULES,
        crate::tool::RULES,
    ];
    packs.into_iter().flatten().copied()
}
