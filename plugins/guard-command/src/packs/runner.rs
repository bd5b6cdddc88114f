//! `python -m twine upload` is `twine upload`. All other runners are taken off by the host's parser.

use crate::names::interpreter;
use crate::scene::Cmd;

/// The command inside, if this is one that runs a module.
pub(crate) fn inside<'a>(cmd: &Cmd<'a>) -> Option<Cmd<'a>> {
    if interpreter(cmd.name()) != Some("python") {
        return None;
    }
    let at = cmd.words().iter().position(|word| word == "-m")?;
    let is_first = cmd.words()[..at].iter().all(|word| word.starts_with('-'));
    (is_first && cmd.words().len() > at + 1).then(|| cmd.from(cmd.from + at + 2))
}
