//! `cargo xtask run`: a demo agent that can be tried without an agent CLI.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::components::{self, Set};
use crate::{setup, shell};

const PORTS: std::ops::RangeInclusive<u16> = 4040..=4099;

pub(crate) fn run() -> Result<()> {
    setup::ensure_tmux()?;
    let toolchain = setup::ensure_target()?;
    components::build(&toolchain, Set::Plugins)?;
    shell::step(
        "build instar (release; the first time takes minutes)",
        shell::cargo().args(["build", "--release", "--package", "instar"]),
    )?;
    let instar = shell::target_dir().join("release/instar");
    let demo = shell::target_dir().join("demo");
    let port = free_port()?;
    fs::create_dir_all(&demo)?;
    shell::step(
        "make the demo agent",
        shell::program(&instar).args(["init", "--port", &port.to_string(), "--dir"]).arg(&demo),
    )?;
    write_scripts(&demo)?;
    write_jobs(&demo)?;
    write_agent_command(&demo)?;
    say_what_to_try(&instar, &demo, port);
    let error = shell::program(&instar)
        .args(["server", "start", "--foreground", "--port", &port.to_string(), "--dir"])
        .arg(&demo)
        .exec();
    Err(error).with_context(|| format!("failed to run {}", instar.display()))
}

fn free_port() -> Result<u16> {
    let free = PORTS.into_iter().find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.with_context(|| format!("no port of {}–{} is free", PORTS.start(), PORTS.end()))
}

fn write_scripts(demo: &Path) -> Result<()> {
    write_script(&demo.join("heartbeat.sh"), "#!/bin/sh\necho \"alive at $(date +%H:%M:%S), run $INSTAR_RUN_ID\"\n")?;
    write_script(
        &demo.join("stand-in-agent.sh"),
        "#!/bin/sh\n# Stands in for an agent CLI: reads the prompt from standard input and answers.\n\
         prompt=$(cat)\necho \"This is the demo's stand-in, not a model. It was asked:\"\necho \"$prompt\"\n",
    )
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

/// One job that fires each minute, and one of each kind to trigger. A changed file is left alone.
fn write_jobs(demo: &Path) -> Result<()> {
    let path = demo.join(".instar/jobs.json");
    let before: Value = serde_json::from_str(&fs::read_to_string(&path)?).unwrap_or(Value::Null);
    if before.as_array().is_none_or(|jobs| !jobs.is_empty()) {
        return Ok(());
    }
    let jobs = json!([
        {
            "slug": "heartbeat", "name": "Heartbeat", "description": "A script job that fires every minute",
            "schedule": "* * * * *", "execute": { "type": "script", "value": "heartbeat.sh" }
        },
        {
            "slug": "say-hello", "name": "Say hello", "description": "A script job to trigger",
            "schedule": "@yearly", "execute": { "type": "script", "value": "echo hello from a script; sleep 3; echo done" }
        },
        {
            "slug": "ask-agent", "name": "Ask the agent", "description": "A prompt job to trigger",
            "schedule": "@yearly", "model": "haiku",
            "execute": { "type": "prompt", "value": "In one sentence: what do you see in this folder?" }
        },
        {
            "slug": "reflect", "name": "Reflect", "description": "A skill job to trigger",
            "schedule": "@yearly", "model": "haiku", "execute": { "type": "skill", "value": "reflect" }
        },
        {
            "slug": "count-and-tell", "name": "Count and tell", "description": "A pipeline to trigger",
            "schedule": "@yearly", "model": "haiku",
            "execute": {
                "type": "pipeline",
                "steps": [
                    { "type": "script", "value": "ls -1 | wc -l" },
                    { "type": "prompt", "value": "Say in one sentence how many files were counted." }
                ]
            }
        }
    ]);
    fs::write(&path, format!("{jobs:#}\n")).with_context(|| format!("failed to write {}", path.display()))
}

/// Without an agent CLI on the PATH the prompt job runs the stand-in, and says so in its answer.
fn write_agent_command(demo: &Path) -> Result<()> {
    let path = demo.join(".instar/config.json");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path)?)
        .with_context(|| format!("{} is not valid JSON", path.display()))?;
    let Some(plugin) =
        config["plugins"]["execute-prompt"].as_object().cloned().or_else(|| Some(serde_json::Map::new()))
    else {
        bail!("{} has a `plugins` key of the wrong type", path.display());
    };
    let mut plugin = Value::Object(plugin);
    match shell::on_path("claude") {
        Some(claude) => plugin["config"]["command"] = json!(claude),
        None => plugin["config"]["command"] = json!(demo.join("stand-in-agent.sh")),
    }
    config["plugins"]["execute-prompt"] = plugin;
    fs::write(&path, format!("{config:#}\n")).with_context(|| format!("failed to write {}", path.display()))
}

fn say_what_to_try(instar: &Path, demo: &Path, port: u16) {
    let instar = instar.strip_prefix(std::env::current_dir().unwrap_or_default()).unwrap_or(instar);
    let agent = match shell::on_path("claude") {
        Some(claude) => format!("the prompt job runs {}", claude.display()),
        None => "no `claude` on the PATH: the prompt job runs a stand-in script".into(),
    };
    let dir = demo.display();
    println!("\nThe demo agent lives in {dir} ({agent}).");
    println!("  URL    http://127.0.0.1:{port}");
    println!("  token  \"auth\".\"token\" in {dir}/.instar/config.json");
    println!("Try in another terminal:");
    println!("  {} --dir {dir} job list", instar.display());
    println!("  {} --dir {dir} job trigger ask-agent --wait", instar.display());
    println!("  {} --dir {dir} job runs heartbeat\n", instar.display());
}
