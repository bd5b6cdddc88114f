//! The commands that the host found, and how they stand to each other: who feeds whom, who carries whom.

use instar_plugin_sdk::guard::{Code, Command, SimpleCommand, Via};

use crate::place::{Place, Places};

/// All that is known about one text.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) commands: &'a [SimpleCommand],
    pub(crate) code: &'a [Code],
    pub(crate) recursive_functions: &'a [String],
    pub(crate) places: &'a Places<'a>,
    /// The commands were guessed from a string, so nothing is guessed from theirs again.
    pub(crate) is_guess: bool,
    /// The text makes links, so that a path may lead elsewhere.
    makes_links: bool,
}

impl<'a> Scene<'a> {
    pub(crate) fn of(command: &'a Command, places: &'a Places<'a>) -> Self {
        Self {
            commands: &command.commands,
            code: &command.code,
            recursive_functions: &command.recursive_functions,
            places,
            is_guess: false,
            makes_links: makes_links(&command.commands),
        }
    }

    pub(crate) fn guessed(commands: &'a [SimpleCommand], places: &'a Places<'a>) -> Self {
        Self {
            commands,
            code: &[],
            recursive_functions: &[],
            places,
            is_guess: true,
            makes_links: makes_links(commands),
        }
    }

    pub(crate) fn cmd(&'a self, index: usize) -> Cmd<'a> {
        let it = &self.commands[index];
        Cmd { scene: self, index, it, from: 0, name: name_of(it, 0) }
    }

    pub(crate) fn cmds(&'a self) -> impl Iterator<Item = Cmd<'a>> {
        (0..self.commands.len()).map(|index| self.cmd(index))
    }

    /// What this text itself gives to a variable; the last one counts.
    pub(crate) fn value_of(&self, name: &str) -> Option<&'a str> {
        let all = self.commands.iter().flat_map(|command| &command.assignments);
        all.rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// One command, from its program on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cmd<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) index: usize,
    pub(crate) it: &'a SimpleCommand,
    /// Where in `argv` the program stands: behind 0 if a runner such as `npx` was taken off.
    pub(crate) from: usize,
    name: &'a str,
}

impl<'a> Cmd<'a> {
    /// The name of the program without its folder; empty if there is none or nobody knows it.
    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    /// The words behind the program.
    pub(crate) fn words(&self) -> &'a [String] {
        self.it.argv.get(self.from + 1..).unwrap_or_default()
    }

    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.words().iter().any(|given| given == word)
    }

    pub(crate) fn is_dynamic(&self, index: usize) -> bool {
        self.it.dynamic.iter().any(|known| *known as usize == index)
    }

    /// One of the words behind the program is known only at run time.
    pub(crate) fn has_dynamic_words(&self) -> bool {
        self.it.more_words || self.it.dynamic.iter().any(|index| *index as usize > self.from)
    }

    /// It is the same program with its first words taken off.
    pub(crate) fn from(self, from: usize) -> Self {
        Self { from, name: name_of(self.it, from), ..self }
    }

    pub(crate) fn is_elsewhere(&self) -> bool {
        self.it.elsewhere.is_some()
    }

    /// The command that carries it.
    pub(crate) fn parent(&self) -> Option<Self> {
        let parent = self.it.parent.filter(|_| self.it.via != Via::Substitution);
        parent.map(|parent| self.scene.cmd(parent as usize))
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = Self> {
        let index = self.index;
        let commands = self.scene.commands.iter().enumerate();
        let carried = commands.filter(move |(_, each)| is_of(each, index) && each.via != Via::Substitution);
        carried.map(|(at, _)| self.scene.cmd(at))
    }

    /// The commands that are piped into it, near and far.
    pub(crate) fn sources(&self) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut open = vec![*self];
        while let Some(each) = open.pop() {
            for source in &each.it.reads_from {
                let source = self.scene.cmd(*source as usize);
                if source.index != self.index && !found.iter().any(|known| known.index == source.index) {
                    found.push(source);
                    open.push(source);
                }
            }
        }
        found
    }

    /// The commands whose output becomes words of this one or of those that feed it.
    pub(crate) fn substitutions(&self) -> Vec<Self> {
        let commands = self.scene.commands.iter().enumerate();
        let direct = commands.filter(|(_, each)| is_of(each, self.index) && each.via == Via::Substitution);
        let direct = direct.map(|(at, _)| self.scene.cmd(at));
        direct.flat_map(|child| std::iter::once(child).chain(child.sources())).collect()
    }

    /// The command whose words it becomes a part of: the outer one of `$(…)`.
    pub(crate) fn user(&self) -> Option<Self> {
        let user = self.it.parent.filter(|_| self.it.via == Via::Substitution);
        user.map(|user| self.scene.cmd(user as usize))
    }

    /// The path that a word means.
    pub(crate) fn path(&self, index: usize) -> String {
        self.path_of(&self.it.argv[index])
    }

    pub(crate) fn path_of(&self, word: &str) -> String {
        let cwd = self.it.cwd.as_deref().unwrap_or(self.scene.places.cwd);
        self.scene.places.resolve(word, cwd)
    }

    /// Where the path lies that a word means.
    pub(crate) fn place(&self, index: usize) -> Place {
        let word = self.it.argv[index].as_str();
        if let Some(find) = self.parent().filter(|parent| word.contains("{}") && parent.name() == "find") {
            let first = find.words().first().is_some_and(|start| !start.starts_with('-'));
            return if first { find.place(find.from + 1) } else { find.place_of(".", false, false) };
        }
        let is_pattern = self.it.patterns.iter().any(|known| *known as usize == index);
        self.place_of(word, self.is_dynamic(index), is_pattern)
    }

    pub(crate) fn place_of(&self, word: &str, is_dynamic: bool, is_pattern: bool) -> Place {
        if is_dynamic && self.is_made_by_mktemp(word) {
            return Place::Temp;
        }
        let behind = if self.scene.makes_links && !is_dynamic { self.behind_link(word) } else { None };
        let word = behind.as_deref().unwrap_or(word);
        let place = self.scene.places.of_word(word, self.it.cwd.as_deref(), is_dynamic, is_pattern);
        if !self.is_elsewhere() {
            return place;
        }
        match place {
            Place::Root | Place::SystemTop | Place::System | Place::Device | Place::Sink => place,
            Place::Temp | Place::TempRoot | Place::Build => place,
            Place::Home if word.starts_with(['/', '~']) => place,
            _ => Place::Elsewhere,
        }
    }

    /// The path behind a link that the text itself makes: `ln -s / r && rm -rf r/*`.
    fn behind_link(&self, word: &str) -> Option<String> {
        let path = self.path_of(word);
        let links = self.scene.cmds().take(self.index).filter(|cmd| cmd.name() == "ln");
        links.into_iter().find_map(|link| {
            let mut operands = link.words().iter().filter(|word| !word.starts_with('-'));
            let (source, name) = (operands.next()?, link.path_of(operands.next()?));
            let inner = path.strip_prefix(&name)?;
            let is_inside = inner.starts_with('/') || inner.is_empty() && word.ends_with('/');
            is_inside.then(|| format!("{}{inner}", link.path_of(source)))
        })
    }

    /// `$d` and `$d/x` after `d=$(mktemp -d)`.
    fn is_made_by_mktemp(&self, word: &str) -> bool {
        let Some(rest) = word.strip_prefix('$') else { return false };
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.scene.value_of(name).is_some_and(|value| value.contains("mktemp")) && !rest.contains("..")
    }
}

fn makes_links(commands: &[SimpleCommand]) -> bool {
    let is_link = |command: &SimpleCommand| {
        let is_soft = |word: &String| word.starts_with('-') && word.contains('s');
        command.argv.first().is_some_and(|name| name == "ln") && command.argv.iter().any(is_soft)
    };
    commands.iter().any(is_link)
}

fn is_of(command: &SimpleCommand, index: usize) -> bool {
    command.parent.is_some_and(|parent| parent as usize == index)
}

fn name_of(command: &SimpleCommand, from: usize) -> &str {
    let Some(word) = command.argv.get(from) else { return "" };
    let start = word.bytes().rposition(|byte| byte == b'/' || byte == b'\\').map_or(0, |at| at + 1);
    let name = &word[start..];
    let is_dynamic = command.dynamic.iter().any(|index| *index as usize == from);
    let is_known = !is_dynamic || (start > 0 && !name.contains(['$', '`', ')', '}']));
    if is_known { name.strip_suffix(".exe").unwrap_or(name) } else { "" }
}
