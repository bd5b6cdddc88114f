//! Names of calls that matter, and where they stand in a text.

use super::text::Text;

/// What a call does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Tree,
    File,
    Shell,
    Open,
    Sql,
}

/// Names of calls; a dot in front of a name stands for any object.
pub(super) const CALLS: &[(&str, Effect)] = &[
    ("rmtree", Effect::Tree),
    ("rm_rf!", Effect::Tree),
    ("File.rm!", Effect::File),
    ("System.cmd", Effect::Shell),
    ("remove_tree", Effect::Tree),
    ("rm_rf", Effect::Tree),
    ("rm_r", Effect::Tree),
    ("rmSync", Effect::Tree),
    ("fs.rm", Effect::Tree),
    ("promises.rm", Effect::Tree),
    ("rimraf", Effect::Tree),
    ("rimrafSync", Effect::Tree),
    ("removeSync", Effect::Tree),
    ("fs.remove", Effect::Tree),
    ("fse.remove", Effect::Tree),
    ("emptyDirSync", Effect::Tree),
    ("removedirs", Effect::Tree),
    ("remove_entry_secure", Effect::Tree),
    ("remove_dir", Effect::Tree),
    ("rmdirSync", Effect::Tree),
    ("Deno.remove", Effect::Tree),
    ("Deno.removeSync", Effect::Tree),
    ("os.RemoveAll", Effect::Tree),
    ("os.remove", Effect::File),
    ("os.unlink", Effect::File),
    ("os.rmdir", Effect::File),
    (".unlink", Effect::File),
    (".rmdir", Effect::File),
    ("unlink", Effect::File),
    ("unlinkSync", Effect::File),
    ("File.delete", Effect::File),
    ("FileUtils.rm", Effect::File),
    ("FileUtils.rm_f", Effect::File),
    ("Dir.rmdir", Effect::File),
    ("os.truncate", Effect::File),
    ("truncateSync", Effect::File),
    ("system", Effect::Shell),
    ("popen", Effect::Shell),
    ("getoutput", Effect::Shell),
    ("subprocess.run", Effect::Shell),
    ("subprocess.call", Effect::Shell),
    ("check_call", Effect::Shell),
    ("check_output", Effect::Shell),
    ("Popen", Effect::Shell),
    ("execvp", Effect::Shell),
    ("execv", Effect::Shell),
    ("execl", Effect::Shell),
    ("execlp", Effect::Shell),
    ("pty.spawn", Effect::Shell),
    ("execSync", Effect::Shell),
    ("spawnSync", Effect::Shell),
    ("execFileSync", Effect::Shell),
    ("execFile", Effect::Shell),
    ("spawn", Effect::Shell),
    ("exec", Effect::Shell),
    ("shell_exec", Effect::Shell),
    ("passthru", Effect::Shell),
    ("proc_open", Effect::Shell),
    ("os.execute", Effect::Shell),
    ("Open3.capture2", Effect::Shell),
    ("Deno.run", Effect::Shell),
    ("Bun.spawn", Effect::Shell),
    ("qx", Effect::Shell),
    ("do shell script", Effect::Shell),
    ("open", Effect::Open),
    ("readFileSync", Effect::Open),
    ("readFile", Effect::Open),
    ("read_text", Effect::Open),
    ("write_text", Effect::Open),
    ("Path", Effect::Open),
    ("writeFileSync", Effect::Open),
    ("writeFile", Effect::Open),
    ("File.read", Effect::Open),
    ("File.write", Effect::Open),
    ("file_get_contents", Effect::Open),
    ("file_put_contents", Effect::Open),
    ("shutil.move", Effect::Open),
    ("shutil.copy", Effect::Open),
    ("copyFileSync", Effect::Open),
    ("renameSync", Effect::Open),
    ("os.rename", Effect::Open),
    ("os.replace", Effect::Open),
    ("File", Effect::Open),
    ("Sys.remove", Effect::File),
    ("Sys.command", Effect::Shell),
    ("delete-directory", Effect::Tree),
    ("delete-file", Effect::File),
    ("shell-command", Effect::Shell),
    (".execute", Effect::Sql),
    (".executescript", Effect::Sql),
    (".executemany", Effect::Sql),
    (".query", Effect::Sql),
    (".exec", Effect::Sql),
    (".do", Effect::Sql),
    (".raw", Effect::Sql),
    ("->exec", Effect::Sql),
    ("->query", Effect::Sql),
    ("->prepare", Effect::Sql),
    ("->do", Effect::Sql),
    ("exec_params", Effect::Sql),
    ("pg_query", Effect::Sql),
    ("mysqli_query", Effect::Sql),
];

/// How far behind a call its texts may stand.
const CALL_BYTES: usize = 400;

/// Where a call of this name begins, outside of quoted texts.
pub(super) fn calls<'a>(text: &'a Text<'_>, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let before = text.text[..*at].chars().next_back();
        let behind = text.text[at + name.len()..].trim_start_matches(' ');
        let is_word =
            name.starts_with(['.', '-']) || before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
        let is_call = behind.starts_with(['(', '"', '\'', '{'])
            || behind.starts_with("glob")
            || behind.starts_with("qw(")
            || behind.starts_with("Dir.")
            || behind.starts_with("Dir[")
            || behind.starts_with('$')
            || behind.starts_with("<");
        is_word && is_call && !text.is_data(*at)
    })
}

/// What stands in the parentheses behind a call, or behind it up to the end of the statement.
pub(super) fn argument(text: &Text<'_>, at: usize) -> (usize, usize) {
    let rest = &text.text[at..text.text.floor_char_boundary((at + CALL_BYTES).min(text.text.len()))];
    let is_open = rest.trim_start().starts_with('(');
    let start = at + if is_open { rest.find('(').unwrap_or(0) + 1 } else { 0 };
    let mut depth = 0_i32;
    for (offset, letter) in text.text[start..at + rest.len()].char_indices() {
        let here = start + offset;
        if text.is_data(here) {
            continue;
        }
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return (start, here),
            ')' | ']' | '}' => depth -= 1,
            ';' | '\n' if !is_open && depth == 0 => return (start, here),
            _ => {}
        }
    }
    (start, at + rest.len())
}
