//! Plugins: what the server says of them, or what it would say if it ran.

use instar_api::{Plugins, paths};

use super::fault::{self, Finding};
use super::{Patient, server};
use crate::cli::{client_of, sentence};
use crate::{bundled, wiring};

pub(super) fn examine(patient: &Patient) -> (Option<Plugins>, Vec<Finding>) {
    let plugins = match patient.holder.and_then(|_| of_server(patient)) {
        Some(plugins) => plugins,
        None => match load(patient) {
            Ok(plugins) => plugins,
            Err(error) => return (None, vec![no_engine(&error)]),
        },
    };
    let mut findings: Vec<_> = plugins.problems.iter().map(not_loaded).collect();
    findings.extend(plugins.plugins.iter().filter_map(deaf));
    for id in patient.config.plugins.keys() {
        let is_there = plugins.plugins.iter().any(|plugin| plugin.id == id.as_str());
        let is_broken = plugins.problems.iter().any(|problem| problem.plugin == id.as_str());
        if !is_there && !is_broken {
            findings.push(unknown(patient, id.as_str()));
        }
    }
    (Some(plugins), findings)
}

fn of_server(patient: &Patient) -> Option<Plugins> {
    let client = client_of(&patient.project).ok()?.within(server::PATIENCE);
    client.get(paths::PLUGINS).ok()?.success().ok()?.read().ok()
}

fn load(patient: &Patient) -> anyhow::Result<Plugins> {
    let loading = wiring::look_at_plugins(&patient.project, &patient.config, bundled::plugins());
    patient.runtime.block_on(loading)
}

fn no_engine(error: &anyhow::Error) -> Finding {
    let cause = format!("no plugin can be loaded: {}", sentence(error));
    Finding::new(fault::PLUGIN_NOT_LOADED, cause, "this is a fault of instar or of the machine: please report it")
}

fn not_loaded(problem: &instar_api::PluginProblem) -> Finding {
    let id = &problem.plugin;
    if problem.code == "quarantined" {
        let cause = format!("plugin `{id}` is in quarantine: it {}", problem.message);
        return Finding::new(fault::PLUGIN_QUARANTINED, cause, format!("instar plugin enable {id}"));
    }
    let cause = format!("plugin `{id}` is not loaded [{}]: {}", problem.code, problem.message);
    let fix = match problem.code.as_str() {
        "bad-config" => format!("correct it: instar config set plugins.{id}.config.KEY VALUE"),
        "duplicate-plugin" | "duplicate-execute-type" => {
            "take one of the two out of .instar/plugins, and restart the server".to_owned()
        }
        "unreadable" => format!("make .instar/plugins/{id} a file that you may read, or remove it"),
        "not-granted" => "if you trust it, grant it as said".to_owned(),
        "component-missing" | "component-altered" => "instar plugin sync".to_owned(),
        "incompatible-contract" => {
            format!("build `{id}` again with the SDK of instar {}, or remove it from .instar/plugins", wiring::VERSION)
        }
        _ => format!("get a sound copy of `{id}`, or remove it from .instar/plugins, and restart the server"),
    };
    Finding::new(fault::PLUGIN_NOT_LOADED, cause, fix)
}

/// The words of the notifier say what is wrong; some of them have a known way out.
fn deaf(plugin: &instar_api::Plugin) -> Option<Finding> {
    let fault = plugin.listening_fault.as_ref()?;
    let id = &plugin.id;
    let cause = format!("`{id}` hears nobody [{}]: {}", fault.code, fault.message);
    let fix = match fault.code.as_str() {
        "not-set" => {
            format!("`instar secret list` shows which secrets of `{id}` have a value; `instar secret set` gives one")
        }
        "unauthorized" => format!("set its secret again: `instar secret set {id}/SLOT`"),
        "other-poller" => "end the other program that listens with the same credential".to_owned(),
        _ => "look at `instar events --type notifier_failing`; it is tried again by itself".to_owned(),
    };
    Some(Finding::new(fault::NOTIFIER_DEAF, cause, fix))
}

fn unknown(patient: &Patient, id: &str) -> Finding {
    let file = patient.project.config_file();
    let cause = format!("`plugins.{id}` in {} names no plugin that is there", file.display());
    Finding::new(fault::CONFIG_UNKNOWN_PLUGIN, cause, "correct the name (`instar plugin list`), or take it out")
}
