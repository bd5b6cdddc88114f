//! `instar completions` and `instar man`: what shells and `man` know of the commands, made from their definition.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man as Page;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::{Cli, Context, examples};
use crate::disk::{self, Mode};

/// Print the script that lets a shell complete commands and options
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar completions bash > ~/.local/share/bash-completion/completions/instar",
    "instar completions zsh > ~/.zfunc/_instar",
    "instar completions fish > ~/.config/fish/completions/instar.fish",
]))]
pub(crate) struct Completions {
    shell: Shell,
}

/// Print the man page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar man | man -l -", "instar man --out ~/.local/share/man/man1"]))]
pub(crate) struct Man {
    /// The folder for `instar.1`, `instar-job-add.1` and so on; it is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn completions(context: &Context, completions: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "instar", &mut script);
    context.out.raw(&script)?;
    Ok(Exit::Ok)
}

pub(super) fn man(context: &Context, man: &Man) -> Result<Exit, Failure> {
    let Some(folder) = &man.out else {
        context.out.raw(&page(Cli::command()).map_err(|error| Failure::io("failed to make the page", &error))?)?;
        return Ok(Exit::Ok);
    };
    let files = write_pages(folder)
        .map_err(|error| Failure::io(format_args!("failed to write pages to {}", folder.display()), &error))?;
    if context.out.json {
        context.out.value(&json!({ "folder": folder, "files": files }))?;
    } else {
        context.out.line(format!("{} pages are in {}.", files.len(), folder.display()))?;
    }
    Ok(Exit::Ok)
}

fn write_pages(folder: &Path) -> io::Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let mut files = Vec::new();
    for (name, command) in pages() {
        let file = format!("{name}.1");
        disk::write(&folder.join(&file), &page(command)?, Mode::Usual)?;
        files.push(file);
    }
    Ok(files)
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Page::new(command).source(concat!("instar ", env!("CARGO_PKG_VERSION"))).render(&mut bytes)?;
    Ok(bytes)
}

/// Every command of the tree under the name of its page, `instar-job-add` and so on.
fn pages() -> Vec<(String, clap::Command)> {
    let mut root = Cli::command().disable_help_subcommand(true);
    // Names and options that hold everywhere reach the leaves only when the tree is built.
    root.build();
    let mut found = vec![("instar".to_owned(), root)];
    let mut next = 0;
    while let Some((path, command)) = found.get(next).cloned() {
        for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
            let name = format!("{path}-{}", child.get_name());
            found.push((name.clone(), child.clone().display_name(&name)));
        }
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_of_its_own_with_its_examples() {
        let dir = tempfile::tempdir().unwrap();
        let files = write_pages(dir.path()).unwrap();
        assert!(files.contains(&"instar.1".to_owned()) && files.contains(&"instar-job-add.1".to_owned()), "{files:?}");
        let text = fs::read_to_string(dir.path().join("instar-job-add.1")).unwrap();
        assert!(text.starts_with(".ie") && text.contains(r"\-\-slug") && text.contains("instar job add"), "{text}");
    }

    #[test]
    fn each_shell_gets_a_script_that_knows_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "instar", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("doctor") && script.contains("trigger"), "{shell}");
        }
    }
}
