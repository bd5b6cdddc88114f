//! Files that come from the network and are run in the same text.

use instar_plugin_sdk::guard::Via;

use crate::args::Args;
use crate::names::{DOWNLOADERS, SHELLS, interpreter};
use crate::packs::network::{CURL, RUN_DOWNLOAD};
use crate::rule::Report;
use crate::scene::{Cmd, Scene};

/// A file that comes from the network and is run in the same text.
pub(crate) fn downloads_that_run(scene: &Scene<'_>, report: &mut Report) {
    let mut files: Vec<&str> = Vec::new();
    for cmd in scene.cmds() {
        let fetched = fetched_file(&cmd);
        files.extend(fetched);
        let through = cmd.sources().iter().any(|source| DOWNLOADERS.contains(&source.name()));
        if through && matches!(cmd.name(), "tee" | "cat" | "dd" | "sponge") {
            files.extend(
                cmd.words()
                    .iter()
                    .filter(|word| !word.starts_with('-'))
                    .map(|word| word.strip_prefix("of=").unwrap_or(word)),
            );
            files.extend(cmd.it.redirects.iter().map(|redirect| redirect.target.as_str()));
        }
    }
    if files.is_empty() {
        return;
    }
    let is_file =
        |word: &str| files.iter().any(|file| last_name(file) == last_name(word) && !last_name(word).is_empty());
    for cmd in scene.cmds().filter(|cmd| cmd.it.via != Via::Substitution || cmd.it.depth > 0) {
        let name = cmd.name();
        let runs =
            SHELLS.contains(&name) || interpreter(name).is_some() || matches!(name, "source" | "." | "exec" | "eval");
        let program = cmd.it.argv.get(cmd.from).is_some_and(|word| word.contains('/') && is_file(word));
        let first = cmd.words().iter().find(|word| !word.starts_with('-'));
        let input = cmd.it.redirects.iter().any(|redirect| redirect.operator == "<" && is_file(&redirect.target));
        if program || (runs && (first.is_some_and(|word| is_file(word)) || input)) {
            return report.add(&RUN_DOWNLOAD, cmd.it.argv.first().map_or("", String::as_str));
        }
    }
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Where a downloader puts what it gets.
fn fetched_file<'a>(cmd: &Cmd<'a>) -> Option<&'a str> {
    let name = cmd.name();
    if !matches!(name, "curl" | "wget" | "aria2c" | "fetch" | "http" | "scp" | "axel") {
        return None;
    }
    let target = cmd
        .it
        .redirects
        .iter()
        .find(|redirect| redirect.operator.starts_with('>') && !redirect.target.starts_with("/dev/"));
    if let Some(target) = target.filter(|target| target.target.len() > 1) {
        return Some(target.target.as_str());
    }
    let args = Args::of(cmd, &CURL);
    let url = args.operand_words().last().map(|url| last_name(url.split('?').next().unwrap_or(url)));
    match name {
        "curl" => {
            args.values('o', "output").last().or(url.filter(|_| args.short_is("O") || args.exactly("remote-name")))
        }
        "wget" => {
            let given = cmd
                .words()
                .windows(2)
                .find(|pair| pair[0] == "-O" || pair[0] == "--output-document")
                .map(|pair| pair[1].as_str());
            given.or(url)
        }
        "scp" => args.operand_words().last(),
        _ => args.values('o', "output").last().or(url),
    }
}
