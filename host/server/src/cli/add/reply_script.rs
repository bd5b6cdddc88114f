//! `.claude/scripts/telegram-reply.sh`: by which agents write into a topic, as the predecessor's agents learned it.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::output::quoted;
use crate::config::Project;
use crate::disk::{self, Mode};

const PATH: &str = ".claude/scripts/telegram-reply.sh";

/// Writes it where there is none; says whether it did.
pub(super) fn write(project: &Project, program: &Path) -> io::Result<(PathBuf, bool)> {
    let path = project.dir().join(PATH);
    if path.exists() || path.is_symlink() {
        return Ok((path, false));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    disk::write(&path, text(program, project.dir()).as_bytes(), Mode::Usual)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok((path, true))
}

/// No secret stands in it: a session has its own token in its environment, and speaks as itself.
fn text(program: &Path, dir: &Path) -> String {
    format!(
        r#"#!/bin/sh
# Writes to people in Telegram: telegram-reply.sh TOPIC TEXT…, or the text on standard input. Markdown.
# It prints how many characters were sent, or says why none were and ends with another status than 0.
# The token of the session is taken from its environment; a session writes in its own conversation.
[ $# -ge 1 ] || {{ echo "usage: telegram-reply.sh TOPIC [TEXT...]" >&2; exit 2; }}
topic=$1
shift
instar={program}
[ -x "$instar" ] || instar=instar
if [ $# -eq 0 ]; then
  exec "$instar" send --dir {dir} --to "telegram:$topic" -
fi
exec "$instar" send --dir {dir} --to "telegram:$topic" -- "$@"
"#,
        program = quoted(program),
        dir = quoted(dir),
    )
}
