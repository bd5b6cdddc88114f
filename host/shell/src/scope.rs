//! What a shell knows at one place of a text: variables, functions, aliases, its directory, files just written.

use std::collections::HashMap;
use std::rc::Rc;

use brush_parser::ast::FunctionBody;

use crate::field::Field;

/// The values that a variable may have here. A value is the list of an array's elements, one for a plain
/// variable; none is a value that only run time tells.
pub(crate) type Values = Vec<Option<Vec<String>>>;

/// More values than this count as unknown.
const MOST_VALUES: usize = 16;

#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub vars: HashMap<String, Values>,
    pub functions: HashMap<String, Rc<FunctionBody>>,
    pub aliases: HashMap<String, String>,
    /// None if only run time tells.
    pub cwd: Option<String>,
    pub old_cwd: Option<String>,
    /// Folders left behind by `pushd`.
    pub folders: Vec<Option<String>>,
    /// `$1` and so on; none if they are not known.
    pub args: Option<Vec<Field>>,
    /// Files that the text itself wrote: their text, where it is known.
    pub written: HashMap<String, Option<String>>,
    /// Folders that the text itself made.
    pub made: Vec<String>,
}

impl Scope {
    pub(crate) fn set(&mut self, name: &str, value: Option<String>) {
        self.vars.insert(name.to_owned(), vec![value.map(|value| vec![value])]);
    }

    pub(crate) fn set_all(&mut self, name: &str, values: Values) {
        let values = if values.len() > MOST_VALUES { vec![None] } else { values };
        self.vars.insert(name.to_owned(), values);
    }

    /// The one value of a plain variable, if there is only one.
    pub(crate) fn plain(&self, name: &str) -> Option<&str> {
        match self.vars.get(name).map(Vec::as_slice) {
            Some([Some(elements)]) => elements.first().map(String::as_str),
            _ => None,
        }
    }

    /// After a branch that may or may not have been taken.
    pub(crate) fn join(&mut self, other: Self) {
        for (name, values) in other.vars {
            let ours = self.vars.entry(name).or_insert_with(|| vec![None]);
            for value in values {
                if !ours.contains(&value) {
                    ours.push(value);
                }
            }
            if ours.len() > MOST_VALUES {
                *ours = vec![None];
            }
        }
        self.functions.extend(other.functions);
        self.aliases.extend(other.aliases);
        self.written.extend(other.written);
        self.made.extend(other.made);
        if self.cwd != other.cwd {
            self.cwd = None;
        }
    }

    /// The absolute path of a word, if it is known where it begins.
    pub(crate) fn path(&self, word: &str) -> Option<String> {
        if word.starts_with('/') {
            return Some(absolute("/", word));
        }
        self.cwd.as_ref().map(|cwd| absolute(cwd, word))
    }
}

/// The path without `.`, `..` and doubled slashes.
pub fn absolute(base: &str, path: &str) -> String {
    let base = if path.starts_with('/') { "" } else { base };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_without_the_disk() {
        assert_eq!(absolute("/a/b", "../c/./d"), "/a/c/d");
        assert_eq!(absolute("/a", "/x//y/"), "/x/y");
        assert_eq!(absolute("/a", "../../.."), "/");
    }

    #[test]
    fn after_a_branch_both_values_are_possible() {
        let mut scope = Scope::default();
        scope.set("x", Some("a".into()));
        let mut other = scope.clone();
        other.set("x", Some("b".into()));
        other.set("y", Some("c".into()));
        scope.join(other);
        assert_eq!(scope.vars["x"], [Some(vec!["a".to_owned()]), Some(vec!["b".to_owned()])]);
        assert_eq!(scope.vars["y"], [None, Some(vec!["c".to_owned()])]);
        assert_eq!(scope.plain("x"), None);
    }
}
