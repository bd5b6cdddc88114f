//! The server: whether one that runs answers, and what would keep one from starting.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use instar_api::paths;

use super::Patient;
use super::fault::{self, Finding, Mend};
use crate::cli::client_of;
use crate::cli::output::quoted;
use crate::serve;
use crate::wiring::lock::Holder;

/// A server that is well answers at once.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What the server was started with, since its sessions get it; `None` where the system does not tell.
pub(super) fn environment(holder: Holder) -> Option<BTreeMap<String, String>> {
    let bytes = std::fs::read(format!("/proc/{}/environ", holder.pid)).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

pub(super) fn examine(patient: &Patient) -> Vec<Finding> {
    match patient.holder {
        Some(holder) => silent(patient, holder).into_iter().collect(),
        None => [port(patient), left_behind(patient)].into_iter().flatten().collect(),
    }
}

fn silent(patient: &Patient, holder: Holder) -> Option<Finding> {
    let client = client_of(&patient.project).ok()?.within(PATIENCE);
    let error = client.get(paths::HEALTH).err()?;
    let cause = format!("process {} is the server of this project, and does not answer: {error}", holder.pid);
    let dir = quoted(patient.project.dir());
    let fix = format!("kill -9 {} && instar server start --dir {dir}; sessions go on", holder.pid);
    Some(Finding::new(fault::SERVER_SILENT, cause, fix))
}

/// Only while our own server is down.
fn port(patient: &Patient) -> Option<Finding> {
    let (config, file) = (&patient.config, patient.project.config_file());
    let (host, port) = (config.host.trim_start_matches('[').trim_end_matches(']'), config.port);
    match TcpListener::bind((host, port)) {
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let cause = format!("another program listens on port {port} of {host}, so the server cannot start");
            let fix = format!(
                "end the program that `ss -ltnp 'sport = :{port}'` names, or: instar config set port PORT --dir {}",
                quoted(patient.project.dir())
            );
            Some(Finding::new(fault::PORT_TAKEN, cause, fix))
        }
        Err(error) => {
            let cause = format!("the server cannot listen on {host}, port {port}: {error}");
            let fix = format!("set `host` in {} to an address of this machine, such as 127.0.0.1", file.display());
            Some(Finding::new(fault::HOST_UNUSABLE, cause, fix))
        }
    }
}

/// The lock itself needs no care: the kernel gave it back.
fn left_behind(patient: &Patient) -> Option<Finding> {
    let [socket, record] = serve::socket_files(&patient.project);
    let left: Vec<_> = [&socket, &record].into_iter().filter(|path| path.exists()).collect();
    let first = left.first()?;
    let cause = format!("no server runs, and {} is there: the last one did not end in order", first.display());
    let files: Vec<_> = left.iter().map(|path| quoted(path)).collect();
    let fix = format!("rm {}; the next start does the same", files.join(" "));
    Some(Finding::mendable(fault::SOCKET_STALE, cause, fix, Mend::RemoveSocket))
}
