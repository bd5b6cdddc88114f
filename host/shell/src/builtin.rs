//! Builtins that change what the shell knows, or run a text in it.

use instar_core::command::Via;

use crate::code::SHELL;
use crate::field::{Field, joined};
use crate::scope::Scope;
use crate::walk::{Place, Ran, Walker};
use crate::wrapper::is_option;

/// Builtins whose arguments are assignments.
pub(crate) fn declares(name: &str) -> bool {
    matches!(name, "export" | "declare" | "local" | "readonly" | "typeset" | "alias")
}

impl Walker<'_> {
    /// Does what the builtin does; none if it is no builtin of interest.
    pub(crate) fn builtin(&mut self, scope: &mut Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let args = &words[1..];
        let silent = || Some(Ran { printed: Some(String::new()), commands: Vec::new() });
        match words[0].text.as_str() {
            "cd" | "chdir" => self.change_folder(scope, args),
            "pushd" => {
                scope.folders.push(scope.cwd.clone());
                self.change_folder(scope, args);
            }
            "popd" => {
                scope.old_cwd = scope.cwd.take();
                scope.cwd = scope.folders.pop().flatten();
            }
            "mkdir" => {
                let made = args.iter().filter(|word| !is_option(&word.text)).filter_map(|word| scope.path(&word.text));
                let made: Vec<String> = made.collect();
                scope.made.extend(made);
            }
            "alias" => args.iter().filter_map(|word| word.text.split_once('=')).for_each(|(name, value)| {
                scope.aliases.insert(name.to_owned(), value.to_owned());
            }),
            "unalias" => args.iter().for_each(|word| drop(scope.aliases.remove(&word.text))),
            "unset" => args.iter().for_each(|word| {
                scope.vars.remove(&word.text);
                scope.functions.remove(&word.text);
            }),
            "read" | "mapfile" | "readarray" | "getopts" => {
                args.iter().filter(|word| !is_option(&word.text)).for_each(|word| scope.set(&word.text, None));
            }
            "set" => set_args(scope, args),
            "shift" => {
                let count = args.first().map_or(Some(1), |word| word.text.parse().ok());
                scope.args = scope
                    .args
                    .take()
                    .zip(count)
                    .map(|(args, count): (Vec<Field>, usize)| args.into_iter().skip(count).collect());
            }
            "eval" => return Some(self.text_of(scope, place, (&words[0].text, &joined(args)))),
            "trap" => {
                let action = args.iter().find(|word| !is_option(&word.text)).map(|word| word.text.clone());
                if let Some(action) = action.filter(|action| !action.is_empty()) {
                    self.text_of(&mut scope.clone(), place, ("trap", &action));
                }
            }
            "source" | "." => {
                let file = args.first()?;
                if args.len() == 1 {
                    return Some(self.file(scope, place, (&words[0].text, SHELL, file)));
                }
                // Its own arguments hold while it runs.
                let before = scope.args.replace(args[1..].to_vec());
                let ran = self.file(scope, place, (&words[0].text, SHELL, file));
                scope.args = before;
                return Some(ran);
            }
            name if declares(name) => {}
            _ => return None,
        }
        silent()
    }

    fn text_of(&mut self, scope: &mut Scope, place: &Place, what: (&str, &str)) -> Ran {
        let (name, text) = what;
        let inner = self.carried(place, name, Via::ShellString);
        self.text(scope, &inner, text)
    }

    fn change_folder(&mut self, scope: &mut Scope, args: &[Field]) {
        let target = args.iter().find(|word| !is_option(&word.text) || word.text == "-");
        let next = match target {
            None => self.world.home.map(str::to_owned),
            Some(word) if word.text == "-" => scope.old_cwd.clone(),
            Some(word) if word.dynamic || word.pattern => None,
            Some(word) => scope.path(&word.text),
        };
        // A folder that is not there is not entered, and what follows runs where it ran before.
        let is_there = next.as_ref().is_none_or(|path| {
            let is_made = scope.made.iter().any(|made| path.starts_with(made.as_str()));
            is_made || self.world.files.has_folder(path) != Some(false)
        });
        let before = scope.cwd.take();
        scope.cwd = next.filter(|_| is_there);
        scope.old_cwd = before;
    }
}

/// `set -- a b` gives new arguments; `set -e` does not.
fn set_args(scope: &mut Scope, args: &[Field]) {
    let dashes = args.iter().position(|word| word.text == "--");
    let first = args.first().filter(|word| !is_option(&word.text) && !word.text.starts_with('+'));
    match (dashes, first) {
        (Some(at), _) => scope.args = Some(args[at + 1..].to_vec()),
        (None, Some(_)) => scope.args = Some(args.to_vec()),
        (None, None) => {}
    }
}
