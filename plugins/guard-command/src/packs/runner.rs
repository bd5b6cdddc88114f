//! Programs of packages that run another one: `python -m twine`, `pnpm prisma`. All other runners are taken
//! off by the host's parser.

use crate::names::interpreter;
use crate::scene::Cmd;

/// Tools that `pnpm`, `yarn` and `bun` run by their bare name.
const PACKAGE_TOOLS: &[&str] = &[
    "prisma",
    "rimraf",
    "sequelize",
    "sequelize-cli",
    "typeorm",
    "knex",
    "drizzle-kit",
    "mikro-orm",
    "cdk",
    "cdktf",
    "sst",
    "serverless",
    "sls",
    "lerna",
    "changeset",
    "semantic-release",
    "np",
    "release-it",
    "wrangler",
    "vercel",
    "netlify",
    "firebase",
    "supabase",
    "del-cli",
    "nx",
];

/// The command inside, if this is one that runs a module or a tool.
pub(crate) fn inside<'a>(cmd: &Cmd<'a>) -> Option<Cmd<'a>> {
    let words = cmd.words();
    match cmd.name() {
        "pnpm" | "yarn" | "bun" => {
            let at = words.iter().position(|word| !word.starts_with('-') && word != "run")?;
            PACKAGE_TOOLS.contains(&words[at].as_str()).then(|| cmd.from(cmd.from + 1 + at))
        }
        // `cargo run -p instar -- …` is the program itself, seen as `instar -- …`.
        "cargo" if words.first().is_some_and(|word| word == "run") => {
            words.iter().position(|word| word == "instar").map(|at| cmd.from(cmd.from + 1 + at))
        }
        name if interpreter(name) == Some("python") => {
            let at = words.iter().position(|word| word == "-m")?;
            let is_first = words[..at].iter().all(|word| word.starts_with('-'));
            (is_first && words.len() > at + 1).then(|| cmd.from(cmd.from + at + 2))
        }
        _ => None,
    }
}
