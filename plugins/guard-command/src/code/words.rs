//! What code puts together for a shell: texts with holes, and lists of words of which some are no texts.

use super::text::{Text, unescape};

/// What stands for a value that only run time knows.
const HOLE: &str = "$VALUE";

/// Ways of languages to say where the home is, within a text.
const HOMES: &[&str] = &[
    "$ENV{HOME}",
    "#{Dir.home}",
    "#{ENV['HOME']}",
    "#{ENV[\"HOME\"]}",
    "${os.homedir()}",
    "${process.env.HOME}",
    "${homedir()}",
    "{Path.home()}",
    "{os.environ['HOME']}",
    "{os.environ[\"HOME\"]}",
    "{os.path.expanduser('~')}",
    "$HOME",
    "${HOME}",
];

/// The text with the home written as a shell would.
pub(super) fn at_home(text: String) -> String {
    match HOMES.iter().find_map(|home| text.strip_prefix(home)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ => text,
    }
}

/// A variable that the code has filled with a temporary folder of its own.
pub(super) fn is_temporary(text: &Text<'_>, call: usize, written: &str) -> bool {
    /// So far before the call it is looked for.
    const REACH: usize = 4096;
    let text = &text.text[text.text.floor_char_boundary(call.saturating_sub(REACH))..call];
    let name = written.split([',', ')']).next().unwrap_or(written).trim();
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let fills = |at: usize| {
        let rest = text[at + name.len()..].trim_start();
        rest.strip_prefix('=').is_some_and(|value| {
            let value = value.split([';', '\n']).next().unwrap_or(value);
            ["mkdtemp", "mktmpdir", "TemporaryDirectory", "makeTempDir"].iter().any(|way| value.contains(way))
        })
    };
    is_name && text.match_indices(name).any(|(at, _)| fills(at))
}

/// Nothing is known of the word: `sys.executable`.
pub(super) fn is_hole(word: &str) -> bool {
    word == HOLE
}

/// One part of an argument: a text, or code that gives one.
enum Part<'a> {
    Literal(String),
    Code(&'a str),
    /// A comma or a bracket.
    Border,
}

fn parts<'a>(text: &'a Text<'_>, argument: (usize, usize)) -> Vec<Part<'a>> {
    let (mut at, end) = argument;
    let mut parts = Vec::new();
    let first = text.literals.partition_point(|(start, _)| *start <= argument.0);
    let literals = text.literals[first..].iter().take_while(|(start, _)| *start <= end);
    for (start, literal_end) in literals {
        code(text.text.get(at..start - 1).unwrap_or_default(), &mut parts);
        parts.push(Part::Literal(holed(text, (*start, *literal_end))));
        at = (literal_end + 1).min(text.text.len());
    }
    code(text.text.get(at..end).unwrap_or_default(), &mut parts);
    parts
}

/// The text, with a hole for each value that is put into it.
fn holed(text: &Text<'_>, (start, end): (usize, usize)) -> String {
    let plain = at_home(unescape(&text.text[start..end]));
    let is_formatted = text.text[..start - 1].ends_with(['f', 'F']);
    let mut holed = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while let Some(open) = rest.find('{') {
        let is_hole = is_formatted || rest[..open].ends_with(['$', '#']);
        let Some(close) = rest[open..].find('}').filter(|_| is_hole) else { break };
        holed.push_str(rest[..open].trim_end_matches(['$', '#']));
        holed.push_str(HOLE);
        rest = &rest[open + close + 1..];
    }
    holed.push_str(rest);
    holed
}

fn code<'a>(text: &'a str, parts: &mut Vec<Part<'a>>) {
    for (at, piece) in text.split([',', '[', ']', '(', ')']).enumerate() {
        if at > 0 {
            parts.push(Part::Border);
        }
        // Of three quotes two are left over.
        let piece = piece.trim().trim_matches(['"', '\'', '`']);
        if !piece.is_empty() {
            parts.push(Part::Code(piece));
        }
    }
}

/// Code that is an option of the call and no word: `check=True`, `{stdio: 'inherit'}`.
fn is_option(code: &str) -> bool {
    let is_name = code.starts_with(['$', '@']) || !code.contains([':', ' ']);
    code.starts_with(['{', '}'])
        || code.contains(['=', ';'])
        || !is_name
        || matches!(code, "true" | "false" | "null" | "None" | "True" | "False" | "qw" | "f")
}

/// Code that puts texts together.
fn joins(code: &str) -> bool {
    matches!(code, "+" | "." | "&" | ".." | "<>" | "%" | "f" | "r" | "rb" | "b" | "u")
}

/// The words of a list; what is no text is a hole.
pub(super) fn elements(text: &Text<'_>, argument: (usize, usize)) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = true;
    for part in parts(text, argument) {
        match part {
            Part::Literal(literal) if is_open => words.push(literal),
            Part::Literal(literal) => words.last_mut().into_iter().for_each(|last| last.push_str(&literal)),
            Part::Code(code) if joins(code) => {
                is_open = matches!(code, "f" | "r" | "rb" | "b" | "u");
                continue;
            }
            Part::Code(code) if is_option(code) => break,
            Part::Code(_) if is_open => words.push(HOLE.to_owned()),
            Part::Code(_) => {}
            Part::Border => {
                is_open = true;
                continue;
            }
        }
        is_open = false;
    }
    words
}

/// The texts of an argument, each with what is joined to it.
pub(super) fn texts(text: &Text<'_>, argument: (usize, usize)) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut is_open = true;
    for part in parts(text, argument) {
        match part {
            Part::Literal(literal) if is_open || texts.is_empty() => texts.push(literal),
            Part::Literal(literal) => texts.last_mut().into_iter().for_each(|last| last.push_str(&literal)),
            // `"rm -rf " + path`
            Part::Code(code) if code.starts_with(['+', '.', '%']) && code.len() > 1 => {
                let is_call =
                    code.starts_with('.') && code[1..].starts_with(|letter: char| letter.is_ascii_alphabetic());
                texts.last_mut().filter(|_| !is_call).into_iter().for_each(|last| last.push_str(HOLE));
            }
            Part::Code(_) => {}
            Part::Border => {
                is_open = true;
                continue;
            }
        }
        is_open = false;
    }
    texts
}

#[cfg(test)]
mod tests {
    use crate::tests::{flagged_code, rules_of_code};

    #[test]
    fn holes_in_lists_and_texts_are_paths_that_nobody_knows() {
        assert_eq!(rules_of_code("python", "subprocess.run(['rm', '-rf', path], check=True)"), ["rm-unknown"]);
        assert_eq!(rules_of_code("python", "import os; os.system('rm -rf ' + path)"), ["rm-unknown"]);
        assert_eq!(rules_of_code("python", "import os; os.system(f'rm -rf {path}')"), ["rm-unknown"]);
        assert_eq!(rules_of_code("perl", "system(\"rm\", \"-rf\", $ENV{HOME})"), ["rm-unknown"]);
        assert_eq!(rules_of_code("perl", "unlink glob(\"$ENV{HOME}/*\")"), ["rm-home"]);
        assert!(!flagged_code("python", "subprocess.run(['git', 'log', ref], check=True)"));
        assert!(!flagged_code("python", "subprocess.run([sys.executable, '-m', 'pytest'], check=True)"));
        assert!(!flagged_code("python", "subprocess.run(['rm', '-rf', 'build'], check=True)"));
        assert!(!flagged_code("node", "execSync('npm run build', {stdio: 'inherit'})"));
    }
}
