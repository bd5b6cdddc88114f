//! The screen on which the operator says yes, and the question at its end.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use instar_plugin::Danger;

use super::super::Context;
use super::super::exit::Failure;
use super::super::output::{Shown, Tone, one_line};
use super::failed;
use crate::installed::{Line, Mark, Offer, listed};

/// How the operator answers.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Answer {
    /// Do not ask; what it asks for must be named by `--grant`
    #[arg(long)]
    yes: bool,
    /// With `--yes`: the rights to grant, such as `http,kv`
    #[arg(long, value_name = "RIGHTS", value_delimiter = ',', requires = "yes")]
    grant: Vec<String>,
}

impl Answer {
    /// A yes to what does no more than was granted before.
    pub(super) fn kept() -> Self {
        Self { yes: true, grant: Vec::new() }
    }
}

/// Shows what is to be installed, unless the output is for a program.
pub(super) fn show(context: &Context, offer: &Offer) -> Result<(), Failure> {
    if context.out.json {
        return Ok(());
    }
    let Offer { candidate, before, signer, lines, .. } = offer;
    let (out, about) = (&context.out, &candidate.about);
    let before =
        before.as_ref().map(|entry| format!(", in the place of {}", entry.current.version)).unwrap_or_default();
    out.line(format!("{} {}{before}: {}", about.id, about.version, one_line(&about.description)))?;
    let kinds: Vec<_> = candidate.seen.kinds.iter().map(ToString::to_string).collect();
    out.line(format!("  kinds   {}", kinds.join(", ")))?;
    out.line(format!("  from    {}", one_line(&candidate.source)))?;
    out.line(format!("  size    {} bytes, {}", candidate.seen.bytes, candidate.digest()))?;
    out.line(format!(
        "  signed  {}",
        signer.as_ref().map_or("by nobody".to_owned(), |key| format!("with the key {key}"))
    ))?;
    out.line("\nIt")?;
    out.table(&["", "DANGER", "WHAT IT DOES", "RIGHT"], lines.iter().map(row).collect())?;
    out.line("")
}

fn row(line: &Line) -> Vec<Shown> {
    let tone = match line.danger {
        Danger::High => Tone::Bad,
        Danger::Middle => Tone::Warn,
        Danger::Low => Tone::Plain,
    };
    let (mark, tone) = match line.mark {
        Mark::Same => ("", tone),
        Mark::New => ("new", tone),
        Mark::Gone => ("gone", Tone::Dim),
    };
    vec![
        Shown::plain(mark),
        Shown::new(line.danger.word(), tone),
        Shown::new(&line.words, tone),
        Shown::plain(line.right.unwrap_or("-")),
    ]
}

/// A yes is one to all that it asks for.
pub(super) fn ask(offer: &Offer, answer: &Answer) -> Result<(), Failure> {
    let (id, asks) = (&offer.candidate.id, offer.candidate.asks());
    if !answer.yes {
        return if confirm(id.as_str(), &asks)? { Ok(()) } else { Err(Failure::refused("nothing was installed")) };
    }
    let granted = answer.grant.iter().map(|right| right.trim().to_owned()).collect();
    let missing = offer.missing(&granted).map_err(failed)?;
    if !missing.is_empty() {
        let all: Vec<_> = asks.iter().map(String::as_str).collect();
        return Err(Failure::refused(format!(
            "`{id}` asks for {}, which `--yes` alone does not grant: say `--yes --grant {}`; nothing was installed",
            listed(&missing),
            all.join(",")
        )));
    }
    Ok(())
}

fn confirm(id: &str, asks: &BTreeSet<String>) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        let grant: Vec<_> = asks.iter().map(String::as_str).collect();
        let grant = if grant.is_empty() { String::new() } else { format!(" --grant {}", grant.join(",")) };
        return Err(Failure::refused(format!(
            "nobody is there to consent: `--yes{grant}` says yes to it; nothing was installed"
        )));
    }
    let failed = |error: io::Error| Failure::io("failed to read the answer", &error);
    let granting = if asks.is_empty() { String::new() } else { format!(" and grant it {}", listed(asks)) };
    write!(io::stderr(), "Install `{id}`{granting}? [y/N] ").and_then(|()| io::stderr().flush()).map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
