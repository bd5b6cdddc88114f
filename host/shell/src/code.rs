//! Shells and interpreters: where their code comes from, and what of it is known.

use instar_core::command::{Code, Via};
use sha2::{Digest, Sha256};

use crate::field::{Field, program};
use crate::scope::Scope;
use crate::walk::{Place, Ran, Walker};
use crate::wrapper::{is_option, takes_next};

pub(crate) const SHELL: &str = "shell";

const SHELLS: [&str; 11] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "rbash", "fish", "yash", "busybox-sh"];

/// An interpreter: its language, the options that take code, and those that take another value.
struct Interpreter(&'static str, &'static str, &'static str, &'static str);

static INTERPRETERS: &[Interpreter] = &[
    Interpreter("python", "python", "-c", "-W -X -m --check-hash-based-pycs"),
    Interpreter("pypy", "python", "-c", "-W -X -m"),
    Interpreter("ipython", "python", "-c", "-m"),
    Interpreter("perl", "perl", "-e -E", "-I"),
    Interpreter("ruby", "ruby", "-e", "-I -r -C -E"),
    Interpreter(
        "node",
        "node",
        "-e --eval -p --print -pe",
        "-r --require --import --loader -C --conditions --env-file",
    ),
    Interpreter("nodejs", "node", "-e --eval -p --print -pe", "-r --require"),
    Interpreter("bun", "node", "-e --eval -p --print", "-r --preload"),
    Interpreter("deno", "node", "", "-c --config --import-map --lock --env-file -L --location --seed --cert"),
    Interpreter("go", "go", "", "-C -exec -p -mod -tags -ldflags -gcflags"),
    Interpreter("tsx", "node", "-e --eval -p --print", "-r"),
    Interpreter("php", "php", "-r -B -R -E", "-c -d -z -S -t"),
    Interpreter("lua", "lua", "-e", "-l"),
    Interpreter("luajit", "lua", "-e", "-l"),
    Interpreter("Rscript", "r", "-e", ""),
    Interpreter("julia", "julia", "-e -E --eval --print", "-L -J --project -t"),
    Interpreter("groovy", "groovy", "-e", "-cp"),
    Interpreter("osascript", "applescript", "-e", "-l -s"),
    Interpreter("pwsh", "powershell", "-c -Command -command --command", "-File -file -WorkingDirectory"),
    Interpreter("powershell", "powershell", "-c -Command -command", "-File -file"),
    Interpreter("tclsh", "tcl", "", ""),
    Interpreter("elixir", "elixir", "-e --eval", "-r -pr --name"),
    Interpreter("guile", "scheme", "-c", "-l"),
    Interpreter("ocaml", "ocaml", "-e", "-I"),
];

static AWKS: [&str; 4] = ["awk", "gawk", "mawk", "nawk"];

impl Walker<'_> {
    /// What a shell or an interpreter would run; none if the command is neither.
    pub(crate) fn shell_or_interpreter(
        &mut self,
        scope: &mut Scope,
        place: &Place,
        words: &[Field],
        more_words: bool,
    ) -> Option<Ran> {
        let name = words[0].text.rsplit('/').next()?;
        if is_shell(name) {
            return Some(self.shell(scope, place, words, more_words));
        }
        if AWKS.contains(&name) {
            return self.awk(place, words);
        }
        let interpreter = interpreter(name)?;
        // `deno run x.ts`, `go run x.go`: the file stands behind the verb.
        let verb = words.get(1).filter(|word| matches!(name, "deno" | "bun" | "go") && word.text == "run");
        if verb.is_some() {
            let rest: Vec<Field> = words[..1].iter().chain(&words[2..]).cloned().collect();
            return Some(self.interpreter(scope, place, &rest, interpreter));
        }
        if matches!(name, "go" | "deno") {
            return None;
        }
        Some(self.interpreter(scope, place, words, interpreter))
    }

    fn shell(&mut self, scope: &Scope, place: &Place, words: &[Field], more_words: bool) -> Ran {
        let (mut at, mut is_string, mut is_stdin) = (1, false, false);
        while let Some(text) = words.get(at).map(|word| word.text.as_str()) {
            if text == "--" || text == "-" {
                at += 1;
                break;
            }
            let is_plus = text.starts_with('+') && text.len() > 1;
            if !is_option(text) && !is_plus {
                break;
            }
            let is_long = text.starts_with("--");
            is_string |= !is_long && text.contains('c');
            is_stdin |= !is_long && text.contains('s');
            let takes = matches!(text, "--rcfile" | "--init-file" | "--command") || takes_next(text, "-o -O");
            is_string |= text == "--command";
            at += if takes && text != "--command" { 2 } else { 1 };
        }
        let mut scope = Scope { args: None, ..scope.clone() };
        let rest = words.get(at..).unwrap_or_default();
        if is_string {
            let Some(text) = rest.first() else { return Ran::default() };
            scope.args = (!more_words).then(|| rest.get(2..).unwrap_or_default().to_vec());
            scope.set("0", rest.get(1).and_then(Field::literal).map(str::to_owned));
            let inner = self.carried(place, &words[0].text, Via::ShellString);
            return self.text(&mut scope, &inner, &text.text);
        }
        match rest.first().filter(|_| !is_stdin) {
            Some(file) => {
                scope.args = (!more_words).then(|| rest[1..].to_vec());
                self.file(&mut scope, place, (&words[0].text, SHELL, file))
            }
            None => {
                scope.args = Some(rest.to_vec());
                self.stdin_code(&mut scope, place, &words[0].text)
            }
        }
    }

    /// Code that comes from standard input.
    fn stdin_code(&mut self, scope: &mut Scope, place: &Place, name: &str) -> Ran {
        self.took_code = true;
        let Some(text) = place.stdin.clone() else { return Ran::default() };
        let via = if place.reads_from.is_empty() { Via::Heredoc } else { Via::Pipe };
        let inner = Place { stdin: None, reads_from: Vec::new(), ..self.carried(place, name, via) };
        let ran = self.text(scope, &inner, &text);
        self.took_code = true;
        ran
    }

    /// The place of what a command carries.
    pub(crate) fn carried(&self, place: &Place, name: &str, via: Via) -> Place {
        let depth = place.depth + u32::from(via != Via::Carrier);
        let mut inner = Place { via, depth, nesting: place.nesting + 1, redirects: Vec::new(), ..place.clone() };
        inner.wrappers.push(name.to_owned());
        inner
    }

    /// A file that is run: its text, from what the command itself wrote or from the disk.
    pub(crate) fn file(&mut self, scope: &mut Scope, place: &Place, what: (&str, &str, &Field)) -> Ran {
        let (name, language, file) = what;
        if let Some(feed) = &file.feed {
            let inner = Place { stdin: feed.printed.clone(), reads_from: feed.commands.clone(), ..place.clone() };
            self.found_feed(place, &feed.commands);
            return if language == SHELL {
                self.stdin_code(scope, &inner, name)
            } else {
                self.push_stdin(&inner, language);
                Ran::default()
            };
        }
        if matches!(file.text.as_str(), "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") {
            return self.stdin_code(scope, place, name);
        }
        let Some(path) = scope.path(&file.text).filter(|_| file.literal().is_some()) else { return Ran::default() };
        let (text, sha256, complete) = match scope.written.get(&path) {
            Some(Some(text)) => (text.clone(), sha256(text), true),
            Some(None) => return Ran::default(),
            None => match self.world.files.read(&path) {
                Some(file) => (file.text, file.sha256, file.complete),
                None => return Ran::default(),
            },
        };
        let language = if language.is_empty() { language_of(&text) } else { language };
        let command = place.parent.unwrap_or_default();
        let code = Code {
            language: language.to_owned(),
            text: text.clone(),
            path: Some(path.clone()),
            sha256,
            complete,
            command,
        };
        self.found.code.push(code);
        self.found.complete &= complete;
        if language != SHELL || place.calls.contains(&path) {
            return Ran::default();
        }
        let mut inner = self.carried(place, name, Via::Script);
        inner.calls.push(path);
        self.text(scope, &inner, &text)
    }

    /// The command reads what these commands print, though not on its standard input.
    fn found_feed(&mut self, place: &Place, commands: &[u32]) {
        let reader = place.parent.and_then(|index| self.found.commands.get_mut(usize::try_from(index).ok()?));
        if let Some(reader) = reader {
            reader.reads_from.extend(commands);
        }
    }

    fn interpreter(&mut self, scope: &mut Scope, place: &Place, words: &[Field], of: &Interpreter) -> Ran {
        let Interpreter(_, language, codes, values) = of;
        let mut at = 1;
        let mut has_code = false;
        while let Some(word) = words.get(at) {
            let text = word.text.as_str();
            if !is_option(text) {
                break;
            }
            at += 1;
            if text == "--" {
                break;
            }
            if text == "-m" && *language == "python" {
                return Ran::default();
            }
            // The name of a module ends in any letter.
            let is_module = *language == "perl" && text.starts_with("-M");
            if let Some((code, width)) = inline(text, words.get(at), codes) {
                self.push_code(place, language, &code);
                has_code = true;
                at += width;
            } else if takes_next(text, values) && !is_module {
                at += 1;
            }
            if has_code && *language == "python" {
                return Ran::default();
            }
        }
        if has_code {
            return Ran::default();
        }
        // `bun` and others have subcommands; a file has a dot or a slash in its name.
        match words.get(at).filter(|word| word.text != "-") {
            Some(file) => self.file(scope, place, (&words[0].text, language, file)),
            None => {
                self.push_stdin(place, language);
                Ran::default()
            }
        }
    }

    fn awk(&mut self, place: &Place, words: &[Field]) -> Option<Ran> {
        let mut at = 1;
        while let Some(text) = words.get(at).map(|word| word.text.as_str()).filter(|text| is_option(text)) {
            if text.starts_with("-f") || text.starts_with("--file") {
                return Some(Ran::default());
            }
            at += if takes_next(text, "-F -v -i -l --field-separator --assign") { 2 } else { 1 };
        }
        let program = words.get(at)?.clone();
        self.push_code(place, "awk", &program);
        Some(Ran::default())
    }

    fn push_stdin(&mut self, place: &Place, language: &str) {
        self.took_code = true;
        if let Some(text) = place.stdin.clone() {
            self.push_code(place, language, &Field::known(text));
        }
    }

    pub(crate) fn push_code(&mut self, place: &Place, language: &str, text: &Field) {
        self.found.code.push(Code {
            language: language.to_owned(),
            text: text.text.clone(),
            path: None,
            sha256: sha256(&text.text),
            complete: !text.dynamic,
            command: place.parent.unwrap_or_default(),
        });
    }

    /// `./x.sh`, or a file of the text's own: what it is, its first line tells.
    pub(crate) fn program_of_the_project(&mut self, scope: &mut Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let file = &words[0];
        if !file.text.contains('/') {
            return None;
        }
        let mut inner = Scope { args: Some(words[1..].to_vec()), ..scope.clone() };
        Some(self.file(&mut inner, place, ("", "", file)))
    }
}

fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// `python3.11` is a python.
fn interpreter(name: &str) -> Option<&'static Interpreter> {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.iter().find(|interpreter| interpreter.0 == name || interpreter.0 == plain)
}

/// The code of an option, and how many words it takes besides: `-e CODE`, `-eCODE`, `-lane CODE`, `--eval=CODE`.
fn inline(option: &str, next: Option<&Field>, codes: &str) -> Option<(Field, usize)> {
    let mut options = codes.split(' ').filter(|code| !code.is_empty());
    if options.clone().any(|code| code == option) {
        return Some((next?.clone(), 1));
    }
    if let Some((name, code)) = option.split_once('=').filter(|_| option.starts_with("--")) {
        return options.any(|known| known == name).then(|| (Field::known(code), 0));
    }
    if option.starts_with("--") {
        return None;
    }
    // The letter of the option may stand at the end of others, or with its code behind it.
    let letter = options.filter(|code| code.len() == 2).find_map(|code| {
        let letter = code.chars().nth(1)?;
        option[1..].find(letter).map(|place| place + 1 + letter.len_utf8())
    })?;
    let is_last = letter == option.len();
    let are_letters = option[1..letter].chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    match (is_last, are_letters) {
        (true, true) => Some((next?.clone(), 1)),
        (false, true) if letter == 2 => Some((Field::known(&option[letter..]), 0)),
        _ => None,
    }
}

/// What language a file is in, by its first line; a text without one is run by the shell.
fn language_of(text: &str) -> &'static str {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else {
        return if text.starts_with('\u{7f}') { "" } else { SHELL };
    };
    let mut words = line.split_whitespace().filter(|word| !word.starts_with('-'));
    let first = words.next().and_then(|path| path.rsplit('/').next()).unwrap_or("");
    let name = if first == "env" { words.next().unwrap_or("") } else { first };
    if is_shell(program(name)) {
        return SHELL;
    }
    interpreter(name).map_or("", |interpreter| interpreter.1)
}

pub(crate) fn sha256(text: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
