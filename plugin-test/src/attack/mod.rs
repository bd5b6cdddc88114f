//! The attack on a plugin: what a host may hand over on a bad day. Whatever it answers is fine, as long as it answers.
//!
//! A trap, an endless loop, too much memory and answers that are not of the contract's form are faults; a refusal in
//! the plugin's own words is none.

mod execute;
mod guard;
mod inputs;
mod network;
mod notifier;

use std::collections::BTreeSet;

use instar_plugin::Kind;

use crate::answer::Failure;
use crate::plugin::Plugin;

/// What came of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Attacked {
    pub tries: usize,
    /// What was tried, and what it did.
    pub faults: Vec<String>,
}

impl Attacked {
    fn note<T>(&mut self, what: &str, answer: &Result<T, Failure>) {
        self.tries += 1;
        let Some(failure) = answer.as_ref().err().filter(|failure| failure.is_fault) else { return };
        self.faults.push(format!("{what}: {} ({})", failure.code, failure.message));
    }
}

impl Plugin {
    /// Attacks it, with the configuration and the secrets that it was given: traps, endless loops, too much memory and
    /// answers that cannot be used are faults, whatever is handed over. Input is empty, huge, broken, of the wrong form
    /// and handed over twice; the network refuses, is busy, fails, breaks off, talks nonsense and says nothing; the host
    /// has neither jobs nor values. With an `execute` object that it takes the attack reaches further.
    ///
    /// # Errors
    /// When it cannot be loaded with this configuration.
    pub fn attack(&self) -> Result<Attacked, Failure> {
        let mut attacked = Attacked::default();
        for (what, config) in inputs::configs() {
            let mut plugin = self.clone();
            plugin.found.config = config;
            attacked.note(&format!("a configuration with {what}"), &plugin.load());
        }
        // One that does not even load with what it was given tells nothing more.
        let mut calm = self.clone();
        calm.found.processes.clear();
        (calm.found.http, calm.found.otherwise) = (Vec::new(), Some(network::reply(200, "")));
        let loaded = calm.load()?;
        let kinds: BTreeSet<Kind> = self.kinds().iter().copied().collect();
        for kind in kinds {
            match kind {
                Kind::Execute => execute::attack(&calm, &loaded, &mut attacked)?,
                Kind::CommandGuard
                | Kind::ToolGuard
                | Kind::OutboundGuard
                | Kind::RunGuard
                | Kind::OutputGuard
                | Kind::SessionGuard => guard::attack(kind, &loaded, &mut attacked),
                Kind::Notifier => notifier::attack(&calm, &mut attacked)?,
                Kind::NotifierThreads => notifier::attack_threads(&calm, &mut attacked)?,
                Kind::NotifierInbound => notifier::attack_hearing(&loaded, &mut attacked),
            }
        }
        Ok(attacked)
    }
}
