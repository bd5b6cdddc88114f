//! Where a path lies, seen from the project: what may go without a question, and what must never go.

use std::borrow::Cow;

use instar_plugin_sdk::guard::Surroundings;

use crate::config::Config;
use crate::names::{SINKS, SYSTEM_FOLDERS, VITAL_FOLDERS, is_build_folder};

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Only run time tells.
    Unknown,
    /// `/`, or everything in it.
    Root,
    /// A folder that the system stands on, such as `/usr`.
    SystemTop,
    /// Something in such a folder.
    System,
    /// A device that is no mere sink.
    Device,
    /// `/dev/null` and the like.
    Sink,
    /// A home, whole.
    Home,
    /// A parent of the project.
    AboveProject,
    /// The project, whole.
    Project,
    /// The history of a repository.
    GitDir,
    /// Settings of the guards, the host or the agent CLI.
    Guarded,
    /// Named by the operator.
    Protected,
    /// What a build makes again.
    Build,
    /// Anything else in the project.
    Inside,
    /// A folder of temporary files, whole.
    TempRoot,
    /// A temporary file.
    Temp,
    /// A cache in the home.
    Cache,
    /// On another machine or in a container.
    Elsewhere,
    /// Anything else.
    Outside,
}

/// What the agent itself may write in `.instar`: its notes and its jobs.
const AGENTS_OWN: &[&str] = &[
    "AGENT.md",
    "USER.md",
    "MEMORY.md",
    "jobs.json",
    "relationships",
    "skills",
    "tmp",
    "grounding",
    "views",
    "state/evolution",
    "scripts",
    "notes",
    "drafts",
    "README.md",
];

/// Files by which agent CLIs know their hooks and rights.
const AGENT_SETTINGS: &[&str] = &[
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/hooks",
    ".claude.json",
    ".codex/config.toml",
    ".codex/hooks.json",
    ".codex/hooks",
    ".gemini/settings.json",
    ".gemini/hooks",
    ".config/instar",
    "claude-code/managed-settings.json",
    ".claude/managed-settings.json",
];

const CACHES: &[&str] = &[
    ".cache",
    ".npm",
    ".cargo/registry",
    ".cargo/git",
    ".gradle/caches",
    ".m2/repository",
    ".yarn/cache",
    ".pnpm-store",
    ".local/share/Trash",
    "Library/Caches",
    "Library/Developer/Xcode/DerivedData",
    "Library/Developer/CoreSimulator/Caches",
    ".bun/install/cache",
    "go/pkg/mod",
    ".nuget/packages",
];

/// The surroundings of a call, ready for questions about paths.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    pub(crate) cwd: &'a str,
    project: Option<Cow<'a, str>>,
    home: Option<Cow<'a, str>>,
    temp: &'a [String],
    protected: Vec<String>,
    build: &'a [String],
}

impl<'a> Places<'a> {
    pub(crate) fn new(surroundings: &'a Surroundings, config: &'a Config) -> Self {
        let cwd = surroundings.cwd.as_str();
        let root = surroundings.project_root.as_deref().unwrap_or(cwd).trim_end_matches('/');
        let home = surroundings.home.as_deref().map(|home| Cow::from(home.trim_end_matches('/')));
        let home = home.filter(|home| !home.is_empty()).or_else(|| home_of(root));
        let is_project = !root.is_empty() && Some(root) != home.as_deref();
        let project = is_project.then(|| Cow::from(root));
        let base = project.as_deref().unwrap_or(cwd);
        let protected = config.protected_paths.iter().map(|path| resolve(path, base, home.as_deref())).collect();
        Self { cwd, project, home, temp: &surroundings.temp_dirs, protected, build: &config.build_folders }
    }

    pub(crate) fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// An absolute path without `.` and `..`.
    pub(crate) fn resolve(&self, word: &str, cwd: &str) -> String {
        resolve(word, cwd, self.home.as_deref())
    }

    /// Where an absolute, resolved path lies.
    pub(crate) fn classify(&self, path: &str) -> Place {
        if path == "/" || path.is_empty() {
            return Place::Root;
        }
        if self.home.as_deref() == Some(path) || is_a_home(path) {
            return Place::Home;
        }
        if self.protected.iter().any(|kept| is_within(path, kept) || is_within(kept, path)) {
            return Place::Protected;
        }
        if is_guarded(path) {
            return Place::Guarded;
        }
        self.in_project(path).or_else(|| self.in_temp(path)).unwrap_or_else(|| self.outside(path))
    }

    fn in_project(&self, path: &str) -> Option<Place> {
        let project = self.project.as_deref()?;
        if path == project {
            return Some(Place::Project);
        }
        if is_within(project, path) && !is_system_top(path) {
            return Some(Place::AboveProject);
        }
        let inner = path.strip_prefix(project)?.strip_prefix('/')?;
        if inner.split('/').any(|part| part == ".git") {
            return Some(Place::GitDir);
        }
        let is_build = inner.split('/').any(|part| is_build_folder(part) || self.build.iter().any(|own| own == part));
        Some(if is_build { Place::Build } else { Place::Inside })
    }

    fn in_temp(&self, path: &str) -> Option<Place> {
        let usual = ["/tmp", "/var/tmp", "/private/tmp", "/dev/shm", "/var/folders", "/private/var/folders"];
        for root in usual.into_iter().chain(self.temp.iter().map(|root| root.trim_end_matches('/'))) {
            if path == root {
                return Some(Place::TempRoot);
            }
            if is_within(path, root) && !root.is_empty() {
                return Some(Place::Temp);
            }
        }
        None
    }

    fn outside(&self, path: &str) -> Place {
        if SINKS.contains(&path) || path.starts_with("/dev/fd/") || path.starts_with("/dev/pts/") {
            return Place::Sink;
        }
        if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
            return Place::Outside;
        }
        if path.starts_with("/dev/") {
            return Place::Device;
        }
        if path.split('/').any(|part| part == ".git") {
            return Place::GitDir;
        }
        if let Some(inner) = self.home.as_deref().and_then(|home| path.strip_prefix(home)?.strip_prefix('/')) {
            let is_cache = CACHES.iter().any(|cache| is_within(inner, cache));
            return if is_cache { Place::Cache } else { Place::Outside };
        }
        if is_system_top(path) {
            return Place::SystemTop;
        }
        let first = path[1..].split('/').next().unwrap_or_default();
        let is_system = SYSTEM_FOLDERS.contains(&first) && !path.starts_with("/home/") && !path.starts_with("/Users/");
        if is_system { Place::System } else { Place::Outside }
    }

    /// Where a word of a command lies that stands in `cwd`; `is_pattern` is one that the shell expands.
    pub(crate) fn of_word(&self, word: &str, cwd: Option<&str>, is_dynamic: bool, is_pattern: bool) -> Place {
        if is_dynamic {
            return self.of_dynamic(word, cwd);
        }
        if word.is_empty() {
            return Place::Inside;
        }
        let Some(cwd) = cwd.or_else(|| word.starts_with(['/', '~']).then_some("/")) else {
            return self.somewhere(word);
        };
        if !is_pattern {
            return self.classify(&self.resolve(word, cwd));
        }
        self.of_pattern(&self.resolve(word, cwd))
    }

    /// Everything that a pattern may stand for: a pattern of all names is its folder, any other is one of it.
    fn of_pattern(&self, path: &str) -> Place {
        let mut plain = String::new();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        for (at, part) in parts.iter().enumerate() {
            let is_all = is_any_name(part);
            if is_all && at + 1 == parts.len() {
                return self.classify(if plain.is_empty() { "/" } else { &plain });
            }
            let is_open = part.contains(['*', '?', '[', '{']);
            if is_open && plain.is_empty() {
                return Place::SystemTop;
            }
            plain.push('/');
            plain.push_str(if is_all { "x" } else { part });
        }
        self.classify(&plain)
    }

    /// What is known of a word that holds a variable or a substitution.
    fn of_dynamic(&self, word: &str, cwd: Option<&str>) -> Place {
        let Some(start) = word.find(['$', '`', '{', '<']) else {
            // `${TMPDIR:-/tmp}/x` stands as its default.
            let likely = self.of_word(word, cwd, false, false);
            return if matches!(likely, Place::Temp | Place::Build) { likely } else { Place::Unknown };
        };
        let (prefix, rest) = word.split_at(start);
        if rest.contains("..") {
            return Place::Unknown;
        }
        let ends_in_build = rest.rsplit_once('/').is_some_and(|(_, last)| is_build_folder(last));
        if ends_in_build {
            return Place::Build;
        }
        if prefix.is_empty() {
            return self.of_variable(rest, cwd);
        }
        let Some(cwd) = cwd.or_else(|| prefix.starts_with('/').then_some("/")) else { return Place::Unknown };
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = if prefix.starts_with('/') && folder.is_empty() { "/" } else { folder };
        match self.classify(&self.resolve(folder, cwd)) {
            Place::Temp | Place::TempRoot => Place::Temp,
            known @ (Place::Build | Place::Sink | Place::Guarded | Place::GitDir | Place::System) => known,
            Place::Inside => Place::Inside,
            _ => Place::Unknown,
        }
    }

    /// A word that begins with a variable whose meaning is known by its name.
    fn of_variable(&self, word: &str, cwd: Option<&str>) -> Place {
        const TEMPORARY: &[&str] = &["$TMPDIR/", "${TMPDIR}/", "${TMPDIR:-/tmp}/", "$RUNNER_TEMP/", "$(mktemp"];
        const HERE: &[&str] = &["$PWD", "${PWD}", "$(pwd)"];
        const TOP: &[&str] = &["$(git rev-parse --show-toplevel)", "$CLAUDE_PROJECT_DIR", "${CLAUDE_PROJECT_DIR}"];
        let below = |names: &[&str]| names.iter().find_map(|name| word.strip_prefix(name));
        if below(TEMPORARY).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('*')) {
            return Place::Temp;
        }
        let based = below(HERE).zip(cwd).or_else(|| below(TOP).zip(self.project()));
        match based {
            Some((rest, base)) if rest.is_empty() || rest.starts_with('/') => {
                let rest = rest.trim_start_matches('/');
                self.of_word(if rest.is_empty() { "." } else { rest }, Some(base), false, rest.contains('*'))
            }
            _ => Place::Unknown,
        }
    }

    /// A relative path below a folder that is not known.
    fn somewhere(&self, word: &str) -> Place {
        let is_build = word.split('/').any(|part| is_build_folder(part) || self.build.iter().any(|own| own == part));
        if is_build && !word.contains("..") { Place::Build } else { Place::Unknown }
    }
}

/// A pattern that fits every name, or every hidden one.
fn is_any_name(part: &str) -> bool {
    !part.is_empty() && part.contains('*') && part.chars().all(|letter| "*?.[]!^".contains(letter))
}

/// The settings by which guards, host and agent CLI are held.
pub(crate) fn is_guarded(path: &str) -> bool {
    // Asked for each path, so what has no hidden folder is let go at once.
    if !path.contains("/.") && !path.contains("/claude-code/") {
        return false;
    }
    if AGENT_SETTINGS.iter().any(|settings| holds(path, settings)) || path.ends_with("/.claude") {
        return true;
    }
    let Some(at) = path.find("/.instar") else { return false };
    match path[at + "/.instar".len()..].strip_prefix('/') {
        None => path.len() == at + "/.instar".len(),
        Some(inner) => !AGENTS_OWN.iter().any(|own| is_within(inner, own)) && !is_handoff(inner),
    }
}

/// Where a run leaves notes for the next one: `$INSTAR_HANDOFF`, and the file of the job that a predecessor had.
fn is_handoff(inner: &str) -> bool {
    let of_session = inner.strip_prefix("state/sessions/").and_then(|rest| rest.strip_suffix("/handoff.md"));
    let of_job = inner.strip_prefix("state/job-handoff-").and_then(|rest| rest.strip_suffix(".md"));
    of_session.or(of_job).is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// `path` has `part` in it, whole names at both ends.
fn holds(path: &str, part: &str) -> bool {
    path.match_indices(part).any(|(at, _)| {
        let end = at + part.len();
        path[..at].ends_with('/') && (end == path.len() || path[end..].starts_with('/'))
    })
}

/// `path` is `folder` or lies in it.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_system_top(path: &str) -> bool {
    let is_first = !path[1..].contains('/') && SYSTEM_FOLDERS.contains(&&path[1..]);
    is_first || VITAL_FOLDERS.contains(&path)
}

fn is_a_home(path: &str) -> bool {
    let below = path.strip_prefix("/home/").or_else(|| path.strip_prefix("/Users/"));
    path == "/root" || below.is_some_and(|name| !name.contains('/'))
}

/// The home that a path lies in, by its name.
fn home_of(path: &str) -> Option<Cow<'static, str>> {
    let parts: Vec<&str> = path.split('/').take(3).collect();
    match parts.as_slice() {
        ["", "root", ..] => Some(Cow::from("/root")),
        ["", top @ ("home" | "Users"), name] => Some(Cow::from(format!("/{top}/{name}"))),
        _ => None,
    }
}

fn resolve(word: &str, cwd: &str, home: Option<&str>) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let below_home = home.filter(|_| word == "~" || word.starts_with("~/"));
    let base = if word.starts_with('/') { "" } else { below_home.unwrap_or(cwd) };
    let word = if below_home.is_some() { &word[1..] } else { word };
    for part in base.split('/').chain(word.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    let mut path = String::with_capacity(base.len() + word.len() + 1);
    for part in parts {
        path.push('/');
        path.push_str(part);
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::with_places;

    #[track_caller]
    fn check(word: &str, expected: Place) {
        with_places(|places| {
            let is_dynamic = word.contains('$');
            let is_pattern = word.contains('*');
            assert_eq!(places.of_word(word, Some(places.cwd), is_dynamic, is_pattern), expected, "{word}");
        });
    }

    #[test]
    fn places_are_seen_from_the_project() {
        check("/", Place::Root);
        check("/usr", Place::SystemTop);
        check("/etc/nginx", Place::System);
        check("~", Place::Home);
        check("/home/ada", Place::Home);
        check("/home/bob", Place::Home);
        check("..", Place::Home);
        check(".", Place::Project);
        check("src", Place::Inside);
        check("src/../..", Place::Home);
        check("node_modules/../../other", Place::Outside);
        check("packages/web/dist/x", Place::Build);
        check("/tmp", Place::TempRoot);
        check("/tmp/x", Place::Temp);
        check("/tmp/../etc", Place::SystemTop);
        check(".git/hooks", Place::GitDir);
        check("/dev/sda", Place::Device);
        check("/dev/null", Place::Sink);
        check("~/.cache/pip", Place::Cache);
    }

    #[test]
    fn the_settings_of_the_guards_are_told_from_the_notes_of_the_agent() {
        check(".claude/settings.json", Place::Guarded);
        check(".claude", Place::Guarded);
        check(".instar", Place::Guarded);
        check(".instar/config.json", Place::Guarded);
        check(".instar/state/instar.db", Place::Guarded);
        check(".instar/state/sessions/0197/spec.json", Place::Guarded);
        check(".instar/state/sessions/0197/handoff.md", Place::Inside);
        check(".instar/state/job-handoff-nightly.md", Place::Inside);
        check("~/.claude/settings.json", Place::Guarded);
        check(".instar/MEMORY.md", Place::Inside);
        check(".instar/state/evolution/a.json", Place::Inside);
        check(".claude/skills/foo/SKILL.md", Place::Inside);
    }

    #[test]
    fn a_pattern_of_all_names_is_its_folder() {
        check("*", Place::Project);
        check("./.*", Place::Project);
        check("/*", Place::Root);
        check("/e*", Place::SystemTop);
        check("/home/*", Place::SystemTop);
        check("src/*", Place::Inside);
        check("*.log", Place::Inside);
        check("packages/*/node_modules", Place::Build);
    }

    #[test]
    fn what_is_known_of_a_dynamic_word_counts() {
        check("$X", Place::Unknown);
        check("$X/", Place::Unknown);
        check("/$X", Place::Unknown);
        check("/tmp/out-$X", Place::Temp);
        check("$TMPDIR/mine", Place::Temp);
        check("$TMPDIR/*", Place::Unknown);
        check("$d/node_modules", Place::Build);
        check("$PWD/src", Place::Inside);
        check("$PWD", Place::Project);
        check("target/$X", Place::Build);
    }
}
