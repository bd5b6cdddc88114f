//! Programs that run their arguments, or a text in them, and do something of their own besides: `xargs`,
//! `find -exec`, `ssh`, `docker exec`. They stay commands, and what they carry is followed.

use instar_core::command::Via;

use crate::field::{Field, joined};
use crate::load::{Load, plain_load, text_or_words, whole_text};
use crate::scope::Scope;
use crate::simple::Call;
use crate::walk::{Place, Ran, Walker};
use crate::wrapper::{is_option, takes_next};

const XARGS: &str =
    "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --max-chars --process-slot-var -J -R -S";
const PARALLEL: &str = "-j --jobs -a --arg-file -S --sshlogin -I -n -N -L -d --delimiter -C --colsep --joblog --results --timeout --delay --workdir --wd --retries --tmpdir --tagstring --memfree --load --halt --env --nice";
const SSH: &str = "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -P -p -Q -R -S -W -w";
const DOCKER_FLAGS: &str = "-d -i -t -P -q --rm --init --privileged --read-only --tty --interactive --detach --publish-all --no-healthcheck --quiet --help --no-deps --service-ports --use-aliases --no-TTY -T --build --remove-orphans";

impl Walker<'_> {
    /// Follows what the command carries; none if it carries nothing.
    pub(crate) fn carrier(&mut self, scope: &mut Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let name = words[0].text.as_str();
        match name {
            "xargs" | "gxargs" => self.xargs(scope, place, words),
            "parallel" => self.parallel(scope, place, words),
            "find" | "gfind" | "bfind" | "fd" | "fdfind" => self.find(scope, place, words),
            "ssh" | "mosh" | "autossh" | "sshpass" => self.ssh(scope, place, words),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "lxc" | "kubectl" | "oc" | "k" | "crictl" => {
                self.container(scope, place, words)
            }
            "git" => self.git(scope, place, words),
            "psql" | "usql" | "sqlcmd" | "snowsql" | "cqlsh" => self.statements(scope, place, words),
            "sudo" | "doas" | "su" | "runuser" | "machinectl" if is_login(words) => {
                // A shell of somebody else, which runs what it reads.
                let text = place.stdin.clone()?;
                self.took_code = true;
                Some(self.load(scope, &Place { stdin: None, ..place.clone() }, name, Load::Text(text)))
            }
            "make" | "gmake" | "just" => {
                let text = crate::wrote::recipes(scope, words)?;
                Some(self.load(scope, place, name, Load::Text(text)))
            }
            "at" | "batch" => {
                let text = place.stdin.clone()?;
                self.took_code = true;
                Some(self.load(scope, place, name, Load::Text(text)))
            }
            _ => {
                let load = plain_load(name, words).or_else(|| whole_text(place, words))?;
                Some(self.load(scope, place, name, load))
            }
        }
    }

    /// A file of statements that the text itself wrote: `echo … > q.sql && psql -f q.sql`.
    fn statements(&mut self, scope: &Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let is_file = |word: &&Field| matches!(word.text.as_str(), "-f" | "--file" | "-i" | "--input-file");
        let at = words.iter().position(|word| is_file(&word))?;
        let path = scope.path(&words.get(at + 1)?.text)?;
        let text = scope.written.get(&path).cloned().flatten()?;
        self.push_code(place, "sql", &Field::known(text));
        None
    }

    /// A manifest that the text itself wrote: `cat > x.yaml … && kubectl apply -f x.yaml`.
    fn manifest(&mut self, scope: &Scope, place: &Place, words: &[Field]) {
        let at = words.iter().position(|word| matches!(word.text.as_str(), "-f" | "--filename"));
        let path = at.and_then(|at| scope.path(&words.get(at + 1)?.text));
        if let Some(text) = path.and_then(|path| scope.written.get(&path).cloned().flatten()) {
            self.push_code(place, "yaml", &Field::known(text));
        }
    }

    fn load(&mut self, scope: &mut Scope, place: &Place, name: &str, load: Load) -> Ran {
        match load {
            Load::Words(words) => {
                let inner = self.carried(place, name, Via::Carrier);
                self.run(&mut scope.clone(), &inner, Call { words, ..Call::default() })
            }
            Load::Text(text) => {
                let inner = self.carried(place, name, Via::ShellString);
                self.text(&mut scope.clone(), &inner, &text)
            }
        }
    }

    /// The words behind `xargs` and, where they are known, those that it reads.
    fn xargs(&mut self, scope: &Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let at = operands(words, 1, XARGS);
        let replaces = replaced_mark(&words[..at]);
        let mut inner = self.carried(place, "xargs", Via::Carrier);
        let stdin = inner.stdin.take();
        let mut call = Call { words: words.get(at..)?.to_vec(), ..Call::default() };
        if call.words.is_empty() {
            return None;
        }
        let given = stdin.filter(|_| !words[..at].iter().any(|word| word.text.starts_with("-a")));
        match (replaces, given) {
            (Some(mark), Some(text)) => {
                let mut ran = Ran::default();
                for line in text.lines().take(16) {
                    let filled = call.words.iter().map(|word| filled(word, &mark, Some(line))).collect();
                    ran = self.run(&mut scope.clone(), &inner, Call { words: filled, ..Call::default() });
                }
                Some(ran)
            }
            (Some(mark), None) => {
                call.words = call.words.iter().map(|word| filled(word, &mark, None)).collect();
                Some(self.run(&mut scope.clone(), &inner, call))
            }
            (None, given) => {
                call.more_words = given.is_none();
                call.words.extend(given.iter().flat_map(|text| text.split(['\n', ' ', '\t', '\0'])).filter_map(
                    |word| {
                        let plain = word.replace(['\'', '"', '\\'], "");
                        (!plain.is_empty()).then(|| Field::known(plain))
                    },
                ));
                Some(self.run(&mut scope.clone(), &inner, call))
            }
        }
    }

    fn parallel(&mut self, scope: &Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let at = operands(words, 1, PARALLEL);
        let rest = words.get(at..)?;
        let lists = rest.iter().position(|word| word.text.starts_with(":::")).unwrap_or(rest.len());
        let (command, given) = rest.split_at(lists);
        let mut inner = self.carried(place, "parallel", Via::ShellString);
        inner.stdin = None;
        let given: Vec<&Field> = given.iter().filter(|word| !word.text.starts_with(":::")).collect();
        let mut ran = Ran::default();
        if command.is_empty() {
            // Without a command, each argument is one.
            for word in given.iter().take(16) {
                ran.then(self.text(&mut scope.clone(), &inner, &word.text));
            }
            return Some(ran);
        }
        if let Load::Words(_) = text_or_words(command.to_vec()) {
            return Some(self.parallel_words(scope, &inner, command, &given));
        }
        let has_mark = command.iter().any(|word| word.text.contains("{}"));
        let text = joined(command);
        let texts: Vec<String> = match (given.is_empty(), has_mark) {
            (true, _) => vec![format!("{text} \"$@\"").replace("{}", "\"$@\"")],
            (false, true) => given.iter().take(16).map(|word| text.replace("{}", &quoted(&word.text))).collect(),
            (false, false) => given.iter().take(16).map(|word| format!("{text} {}", quoted(&word.text))).collect(),
        };
        for text in texts {
            ran.then(self.text(&mut Scope { args: None, ..scope.clone() }, &inner, &text));
        }
        Some(ran)
    }

    /// A shell or interpreter with its text, once for each of what is given.
    fn parallel_words(&mut self, scope: &Scope, inner: &Place, command: &[Field], given: &[&Field]) -> Ran {
        let mut ran = Ran::default();
        let known: Vec<Option<&str>> = match given {
            [] => vec![None],
            given => given.iter().take(16).map(|word| Some(word.text.as_str())).collect(),
        };
        for each in known {
            let words = command.iter().map(|word| filled(word, "{}", each)).collect();
            ran.then(self.run(&mut scope.clone(), inner, Call { words, ..Call::default() }));
        }
        ran
    }

    fn find(&mut self, scope: &Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let begins = |word: &&Field| {
            let text = word.text.as_str();
            matches!(text, "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch")
        };
        let mut ran = None;
        let mut rest = words;
        while let Some(start) = rest.iter().position(|word| begins(&word)) {
            let from = &rest[start + 1..];
            let end = from.iter().position(|word| word.text == ";" || word.text == "+").unwrap_or(from.len());
            let mut command: Vec<Field> = from[..end].iter().map(|word| filled(word, "{}", None)).collect();
            if words[0].text.starts_with("fd") && !command.iter().any(|word| word.text.contains("{}")) {
                command.push(Field::unknown("{}"));
            }
            let inner = Place { stdin: None, ..self.carried(place, &words[0].text, Via::Carrier) };
            let call = Call { words: command, more_words: false, assignments: Vec::new() };
            if !call.words.is_empty() {
                ran = Some(self.run(&mut scope.clone(), &inner, call));
            }
            rest = &from[end..];
        }
        ran
    }

    fn ssh(&mut self, scope: &mut Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        if words[0].text == "sshpass" {
            let at = operands(words, 1, "-f -d -p -P");
            return Some(self.load(scope, place, "sshpass", Load::Words(words.get(at..)?.to_vec())));
        }
        let local = words.iter().filter_map(|word| word.text.split_once("ProxyCommand").map(|(_, text)| text));
        let proxies: Vec<String> = local.map(|text| text.trim_start_matches(['=', ' ']).to_owned()).collect();
        for proxy in proxies {
            self.load(scope, place, "ssh", Load::Text(proxy));
        }
        let host = operands(words, 1, SSH);
        let command = words.get(host + 1..)?;
        let at = operands(command, 0, SSH);
        let command = command.get(at..).unwrap_or_default();
        let mut there = place.clone();
        there.elsewhere = Some(format!("ssh {}", words.get(host)?.text));
        if command.is_empty() {
            // What it reads, the shell over there runs.
            let text = place.stdin.clone()?;
            self.took_code = true;
            there.stdin = None;
            return Some(self.load(&mut far_scope(), &there, "ssh", Load::Text(text)));
        }
        Some(self.load(&mut far_scope(), &there, "ssh", Load::Text(joined(command))))
    }

    fn container(&mut self, scope: &mut Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let name = words[0].text.as_str();
        if matches!(name, "kubectl" | "oc" | "k") {
            self.manifest(scope, place, words);
        }
        let verb = words.iter().position(|word| matches!(word.text.as_str(), "exec" | "run" | "debug"))?;
        if let Some(dashes) = words.iter().position(|word| word.text == "--") {
            let command = words.get(dashes + 1..)?.to_vec();
            return self.inside(scope, place, (name, joined(&words[verb..dashes]), command));
        }
        if matches!(name, "kubectl" | "oc" | "k" | "lxc") {
            return None;
        }
        let mut at = verb + 1;
        let mut entry = None;
        while let Some(text) = words.get(at).map(|word| word.text.as_str()).filter(|text| is_option(text)) {
            let is_flag = DOCKER_FLAGS.split(' ').any(|flag| flag == text)
                || text.contains('=')
                || text.starts_with("-") && !text.starts_with("--") && text[1..].chars().all(|c| "ditPqT".contains(c));
            if text == "--entrypoint" {
                entry = words.get(at + 1).cloned();
            }
            at += if is_flag { 1 } else { 2 };
        }
        let image = words.get(at)?.text.clone();
        let command: Vec<Field> = entry.into_iter().chain(words.get(at + 1..)?.iter().cloned()).collect();
        self.inside(scope, place, (name, image, command))
    }

    fn inside(&mut self, _: &Scope, place: &Place, what: (&str, String, Vec<Field>)) -> Option<Ran> {
        let (name, of, command) = what;
        if command.is_empty() {
            return None;
        }
        let mut there = place.clone();
        there.elsewhere.get_or_insert_with(|| format!("{name} {of}"));
        Some(self.load(&mut far_scope(), &there, name, Load::Words(command)))
    }

    /// Commands in options and subcommands of git: aliases with `!`, `rebase -x`, `bisect run`.
    fn git(&mut self, scope: &mut Scope, place: &Place, words: &[Field]) -> Option<Ran> {
        let mut loads = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let next = || words.get(at + 1).map(|word| word.text.clone());
            match word.text.as_str() {
                "-c" => loads.extend(next().and_then(|text| configured(&text)).map(Load::Text)),
                "-x" | "--exec" if words.iter().any(|word| word.text == "rebase") => {
                    loads.extend(next().map(Load::Text));
                }
                "--tree-filter" | "--index-filter" | "--env-filter" | "--msg-filter" | "--commit-filter" => {
                    loads.extend(next().map(Load::Text));
                }
                "run" if at > 0 && words[at - 1].text == "bisect" => {
                    loads.push(Load::Words(words[at + 1..].to_vec()));
                }
                "foreach" if at > 0 && words[at - 1].text == "submodule" => {
                    let from = operands(words, at + 1, "");
                    loads.push(Load::Text(joined(&words[from..])));
                }
                _ => {}
            }
        }
        let mut ran = None;
        for load in loads {
            ran = Some(self.load(scope, place, "git", load));
        }
        ran
    }
}

/// `sudo -i`, `su -`, `su root`: nothing but a shell.
fn is_login(words: &[Field]) -> bool {
    let has = |options: &[&str]| words.iter().any(|word| options.contains(&word.text.as_str()));
    match words[0].text.as_str() {
        "sudo" | "doas" => has(&["-i", "-s", "--login", "--shell"]),
        "machinectl" => has(&["shell"]),
        _ => !has(&["-c", "--command", "--session-command"]) && words.len() < 4,
    }
}

/// A command in a setting: `alias.x=!rm`, `core.pager=…`, `core.sshCommand=…`.
fn configured(setting: &str) -> Option<String> {
    let (key, value) = setting.split_once('=')?;
    let key = key.to_ascii_lowercase();
    if key.starts_with("alias.") {
        return value.strip_prefix('!').map(str::to_owned);
    }
    let runs = ["core.pager", "core.sshcommand", "core.editor", "core.fsmonitor", "sequence.editor", "diff.external"];
    runs.contains(&key.as_str()).then(|| value.to_owned())
}

/// Where the options end.
pub(crate) fn operands(words: &[Field], from: usize, values: &str) -> usize {
    let mut at = from;
    while let Some(text) = words.get(at).map(|word| word.text.as_str()).filter(|text| is_option(text)) {
        if text == "--" {
            return at + 1;
        }
        at += if takes_next(text, values) { 2 } else { 1 };
    }
    at.min(words.len())
}

/// The text that `xargs -I` replaces.
fn replaced_mark(options: &[Field]) -> Option<String> {
    options.iter().enumerate().find_map(|(at, word)| match word.text.as_str() {
        "-I" | "-J" => options.get(at + 1).map(|word| word.text.clone()),
        "-i" | "--replace" => Some("{}".to_owned()),
        text => text.strip_prefix("-I").or_else(|| text.strip_prefix("--replace=")).map(str::to_owned),
    })
}

/// The word with what will stand for the mark, if that is known.
fn filled(word: &Field, mark: &str, given: Option<&str>) -> Field {
    let has_mark = !mark.is_empty() && word.text.contains(mark);
    match (has_mark, given) {
        (false, _) => word.clone(),
        (true, Some(text)) => Field { text: word.text.replace(mark, text), ..word.clone() },
        (true, None) => Field { dynamic: true, ..word.clone() },
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Nothing of this machine is known over there.
fn far_scope() -> Scope {
    let mut scope = Scope::default();
    scope.vars.insert("HOME".to_owned(), vec![None]);
    scope
}
