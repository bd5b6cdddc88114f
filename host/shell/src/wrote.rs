//! Files that other programs than a redirection write, and files of recipes that the text itself wrote.

use crate::field::Field;
use crate::scope::Scope;
use crate::wrapper::is_option;

/// `tee f`, `cp a b`, `mv a b`: what is in a file behind it, as far as the text tells.
pub(crate) fn note(scope: &mut Scope, words: &[Field], stdin: Option<&str>) {
    let operands =
        words[1..].iter().filter(|word| !is_option(&word.text)).filter_map(|word| scope.path(word.literal()?));
    let operands: Vec<String> = operands.collect();
    match words[0].text.as_str() {
        "tee" => {
            let appends = words[1..].iter().any(|word| matches!(word.text.as_str(), "-a" | "--append"));
            for path in operands {
                let before = if appends { scope.written.remove(&path).flatten() } else { Some(String::new()) };
                let text = before.zip(stdin).map(|(before, new)| before + new);
                scope.written.insert(path, text);
            }
        }
        "cp" | "mv" | "install" | "ln" => {
            if let [source, target] = &operands[..]
                && let Some(text) = scope.written.get(source).cloned()
            {
                scope.written.insert(target.clone(), text);
            }
        }
        _ => {}
    }
}

/// The recipes of a file for `make` or `just` that the text itself wrote, as one text for a shell. Which of them
/// would run, nobody asks.
pub(crate) fn recipes(scope: &Scope, words: &[Field]) -> Option<String> {
    let names: &[&str] = match words[0].text.as_str() {
        "make" | "gmake" => &["Makefile", "makefile", "GNUmakefile"],
        "just" => &["justfile", "Justfile", ".justfile"],
        _ => return None,
    };
    let is_file = |word: &Field| matches!(word.text.as_str(), "-f" | "--file" | "--makefile" | "--justfile");
    let given = words.iter().position(is_file).and_then(|at| words.get(at + 1)).map(|word| word.text.as_str());
    let files = given.into_iter().chain(names.iter().copied().filter(|_| given.is_none()));
    let text = files.filter_map(|file| scope.written.get(&scope.path(file)?)).flatten().next()?;
    let lines = text.lines().filter(|line| line.starts_with(['\t', ' ']));
    let plain = |line: &str| line.trim_start().trim_start_matches(['@', '-', '+']).replace("$$", "$");
    let recipes: Vec<String> =
        lines.map(|line| plain(line).replace("$(HOME)", "${HOME}").replace("{{", "${").replace("}}", "}")).collect();
    (!recipes.is_empty()).then(|| recipes.join("\n"))
}
