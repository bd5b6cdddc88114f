//! Native code of the bundled plugins, compiled once for all tests: the compiler of a debug build takes seconds.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use crate::agent::{instar_bin, workspace};

/// Puts it where the host and the hooks of this project look for it.
pub(crate) fn lend(project: &Path) {
    let cache = project.join(".instar/cache");
    copy(&compiled(), &cache.join("plugins"));
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).expect("our own folder");
}

/// The folder with the code of the binary under test. Of many tests that begin at once one compiles.
fn compiled() -> PathBuf {
    let folder = workspace().join("target/tests-native");
    fs::create_dir_all(&folder).expect("`target` can be written");
    let lock = File::create(folder.join("lock")).expect("`target` can be written");
    lock.lock().expect("a lock is free in the end");
    let (code, mark) = (folder.join("code"), folder.join("binary"));
    let binary = fingerprint(&instar_bin());
    if fs::read_to_string(&mark).is_ok_and(|found| found == binary) {
        return code;
    }
    let scratch = tempfile::tempdir().expect("a temp folder can be made");
    // The doctor loads each plugin; what else it finds is of no concern here.
    for arguments in [["init"], ["doctor"]] {
        let run = Command::new(instar_bin()).args(arguments).arg("--dir").arg(scratch.path()).output();
        run.expect("instar can be run");
    }
    if code.exists() {
        fs::remove_dir_all(&code).expect("our own folder");
    }
    copy(&scratch.path().join(".instar/cache/plugins"), &code);
    fs::write(&mark, binary).expect("`target` can be written");
    code
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("our own folder");
    for entry in fs::read_dir(from).expect("the code is there") {
        let entry = entry.expect("a folder can be listed");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
    }
}

/// What changes with every build.
fn fingerprint(binary: &Path) -> String {
    let meta = fs::metadata(binary).expect("the binary is there");
    let built = meta.modified().expect("Linux knows it").duration_since(UNIX_EPOCH).expect("after 1970");
    format!("{} {built:?}", meta.len())
}
