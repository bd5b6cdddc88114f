//! `cargo xtask conformance`: schemathesis tries every route of a real server, and finds that `/openapi.json` is true.
//!
//! What it asks, and what it leaves out and why, stands in `conformance/schemathesis.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::agent::{Agent, wait_for};
use crate::components::{self, Set};
use crate::{setup, shell};

/// A minute is usual.
const LIMIT: Duration = Duration::from_secs(180);
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run() -> Result<()> {
    setup::ensure_tmux()?;
    let toolchain = setup::ensure_target()?;
    components::build(&toolchain, Set::Plugins)?;
    shell::step("build the binary", shell::cargo().args(["build", "--quiet", "--package", "instar"]))?;
    check()
}

/// The same with the binary and the components that are there.
pub(crate) fn check() -> Result<()> {
    let schemathesis = ensure_schemathesis()?;
    shell::step(
        "build the stand-in for the agent CLI",
        shell::cargo().args(["build", "--quiet", "--package", "instar-tests", "--bin", "fake-claude"]),
    )?;
    let agent = Agent::new("conformance/agent", "debug/instar", settings, &jobs())?;
    give_a_past(&agent)?;
    shell::step_within(
        LIMIT,
        "schemathesis: is /openapi.json true?",
        Command::new(schemathesis)
            // It leaves notes for its next run beside itself; the next one begins anew.
            .current_dir(agent.dir())
            .env("INSTAR_TOKEN", agent.token())
            .arg("--config-file")
            .arg(folder().join("schemathesis.toml"))
            .args(["run", &format!("{}/openapi.json", agent.url())]),
    )
}

fn folder() -> PathBuf {
    shell::root().join("host/xtask/conformance")
}

fn settings(config: &mut Value) {
    config["plugins"]["execute-prompt"]["config"]["command"] = json!(shell::target_dir().join("debug/fake-claude"));
}

/// One of each end that a run can have, and one that lives and takes input.
fn jobs() -> Value {
    let job =
        |slug: &str, execute: Value| json!({ "slug": slug, "name": slug, "schedule": "@yearly", "execute": execute });
    let mut disabled = job("disabled", json!({ "type": "script", "value": "true" }));
    disabled["enabled"] = json!(false);
    json!([
        job("succeeds", json!({ "type": "script", "value": "echo done" })),
        job("fails", json!({ "type": "script", "value": "exit 3" })),
        job("asks", json!({ "type": "prompt", "value": "print:hello" })),
        job("unknown", json!({ "type": "nobodys" })),
        job("listens", json!({ "type": "script", "value": "while read -r line; do echo \"got $line\"; done" })),
        disabled,
        { "slug": "broken" },
    ])
}

/// A run of each job, ended but for that which listens.
fn give_a_past(agent: &Agent) -> Result<()> {
    for slug in ["succeeds", "fails", "asks", "unknown", "listens", "disabled"] {
        agent.request("POST", &format!("/jobs/{slug}/trigger"))?;
    }
    let is_past = || {
        let runs: Value = serde_json::from_str(&agent.request("GET", "/runs").ok()?).ok()?;
        let count = |status: &str| {
            runs["runs"].as_array().map(|runs| runs.iter().filter(|run| run["status"] == status).count())
        };
        (count("finished")? == 4 && count("running")? == 1).then_some(())
    };
    wait_for(PATIENCE, is_past).context("the runs that schemathesis is to find did not end")
}

/// Installed once for each change of `requirements.txt`, in an environment of its own.
fn ensure_schemathesis() -> Result<PathBuf> {
    let requirements = folder().join("requirements.txt");
    let wanted = fs::read(&requirements).with_context(|| format!("failed to read {}", requirements.display()))?;
    let environment = shell::target_dir().join("conformance/python");
    let installed = environment.join("requirements.txt");
    let schemathesis = environment.join("bin/schemathesis");
    if fs::read(&installed).is_ok_and(|found| found == wanted) && schemathesis.is_file() {
        return Ok(schemathesis);
    }
    make_environment(&environment)?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
    shell::step("install schemathesis from PyPI", &mut pip)
        .context("schemathesis comes from PyPI, which must be reachable, or PIP_INDEX_URL must name a mirror")?;
    fs::write(&installed, wanted)?;
    Ok(schemathesis)
}

fn make_environment(folder: &Path) -> Result<()> {
    setup::ensure_python()?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("failed to remove {}", folder.display()))?;
    }
    shell::step("make a Python environment", shell::program("python3").args(["-m", "venv"]).arg(folder))
}
