//! `cargo xtask test`: everything that must hold before a change lands, cheapest first.

use anyhow::Result;

use crate::components::{self, Set};
use crate::{conformance, setup, shell};

pub(crate) fn run() -> Result<()> {
    shell::step("format", shell::cargo().args(["fmt", "--all", "--check"]))?;
    setup::ensure_tmux()?;
    let toolchain = setup::ensure_target()?;
    components::build(&toolchain, Set::All)?;
    shell::step(
        "clippy",
        shell::cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    )?;
    // Together, so that both share one build of what they depend upon.
    shell::step("build the binary and the tests", shell::cargo().args(["build", "--quiet", "--bins", "--tests"]))?;
    shell::step("tests", &mut tests())?;
    shell::step("tests of the plugins", shell::cargo().args(["test", "--quiet"]).args(plugin_packages()?))?;
    conformance::check()?;
    shell::step(
        "docs",
        shell::cargo().env("RUSTDOCFLAGS", "-D warnings").args([
            "doc",
            "--quiet",
            "--no-deps",
            "--document-private-items",
        ]),
    )
}

/// The end-to-end tests drive the binary that was just built.
fn tests() -> std::process::Command {
    let mut command = shell::cargo();
    if shell::succeeds(shell::cargo().args(["nextest", "--version"])) {
        // All are shown; one that fails once and then holds is reported as flaky.
        command.args(["nextest", "run", "--no-fail-fast", "--retries", "1"]);
    } else {
        command.args(["test", "--quiet"]);
    }
    command.env("INSTAR_BIN", shell::target_dir().join("debug/instar"));
    command
}

/// The plugins' own tests run natively, crate by crate.
fn plugin_packages() -> Result<Vec<String>> {
    let names = components::plugin_names()?;
    Ok(names.into_iter().flat_map(|name| ["--package".into(), name]).collect())
}
