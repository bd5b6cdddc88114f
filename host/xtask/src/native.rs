//! Native code of the bundled plugins, which travels in the program: made by the program itself, for this processor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::components;
use crate::shell;

/// Builds `instar`, lets it compile its plugins, and builds it again with their code inside if that was not there yet.
pub(crate) fn build_with_code(build: impl Fn() -> Command) -> Result<()> {
    shell::step("build instar (release; the first time takes minutes)", &mut build())?;
    let made = compile(&shell::target_dir().join("release/instar"))?;
    if exchange(&made, &folder())? {
        shell::step("build it again, with native code of its plugins inside", &mut build())?;
    }
    Ok(())
}

/// Where `build.rs` of the server looks for it.
fn folder() -> PathBuf {
    shell::target_dir().join("native")
}

/// What a project's cache holds after its host looked at all plugins.
fn compile(instar: &Path) -> Result<Vec<PathBuf>> {
    let project = shell::target_dir().join("native-project");
    if project.exists() {
        fs::remove_dir_all(&project).with_context(|| format!("failed to remove {}", project.display()))?;
    }
    fs::create_dir_all(&project)?;
    let of_project = |arguments: &[&str]| {
        let mut command = shell::program(instar);
        command.args(arguments).arg("--dir").arg(&project);
        command
    };
    if shell::output(&mut of_project(&["init"])).is_none() {
        bail!("{} could not make a project in {}", instar.display(), project.display());
    }
    println!("── compile the plugins that travel with it");
    // It ends with 1 when it finds something to say of this machine, which is nothing to us.
    of_project(&["doctor", "--json"]).output().context("failed to run instar")?;
    let made = files_in(&project.join(".instar/cache/plugins"));
    if made.len() < components::plugin_names()?.len() {
        bail!("instar compiled {} of its plugins only; `{} doctor` says why", made.len(), instar.display());
    }
    Ok(made)
}

/// Makes the folder hold exactly these; whether that changed it. The name of each stands for its content.
fn exchange(made: &[PathBuf], folder: &Path) -> Result<bool> {
    fs::create_dir_all(folder)?;
    let target_of = |path: &PathBuf| folder.join(path.file_name().expect("a file has a name"));
    let wanted: Vec<PathBuf> = made.iter().map(target_of).collect();
    let there = files_in(folder);
    if there.iter().all(|path| wanted.contains(path)) && there.len() == wanted.len() {
        return Ok(false);
    }
    for path in there.iter().filter(|path| !wanted.contains(path)) {
        fs::remove_file(path)?;
    }
    for (from, to) in made.iter().zip(&wanted) {
        fs::copy(from, to).with_context(|| format!("failed to write {}", to.display()))?;
    }
    Ok(true)
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "cwasm")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_holds_what_was_made_last_and_nothing_else() {
        let scratch = std::env::temp_dir().join(format!("instar-native-{}", std::process::id()));
        let (made, folder) = (scratch.join("made"), scratch.join("native"));
        fs::create_dir_all(&made).unwrap();
        let make = |name: &str| {
            fs::write(made.join(name), name).unwrap();
            made.join(name)
        };
        let (one, two) = (make("1-a.cwasm"), make("2-a.cwasm"));
        assert!(exchange(std::slice::from_ref(&one), &folder).unwrap());
        assert!(!exchange(std::slice::from_ref(&one), &folder).unwrap());
        assert!(exchange(&[two], &folder).unwrap());
        assert_eq!(files_in(&folder), [folder.join("2-a.cwasm")]);
        fs::remove_dir_all(scratch).unwrap();
    }
}
