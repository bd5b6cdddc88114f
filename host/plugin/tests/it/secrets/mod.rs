//! The bundled `guard-secrets`, measured on its corpus and held to its promises.

mod corpus;

use std::collections::BTreeMap;

use instar_core::verdict::{Severity, Verdict};
use instar_plugin::{Command, Plugins, Redaction, Settings, SimpleCommand, Span};
use serde_json::json;

use crate::support::{call, load, load_with, settings, try_load};
use corpus::{Look, Sample};

fn guard() -> Plugins {
    load(&["guard-secrets"])
}

fn configured(config: serde_json::Value) -> Plugins {
    let configs = BTreeMap::from([("guard-secrets".parse().unwrap(), config)]);
    load_with(&["guard-secrets"], Settings { configs, ..settings() })
}

fn scan(plugins: &Plugins, text: &[u8]) -> Vec<Redaction> {
    plugins.scan_output(&call(), "Bash", 0, text, true).unwrap().redactions
}

fn blacked_out(sample: &Sample, redactions: &[Redaction]) -> bool {
    let mut secret = sample.secret.clone();
    for each in redactions {
        secret[usize::try_from(each.start).unwrap()..usize::try_from(each.end).unwrap()].fill(false);
    }
    !secret.contains(&true)
}

/// Hits and misses of one half in one look.
#[derive(Default)]
struct Score {
    leaks: usize,
    clean: usize,
    missed: Vec<String>,
    alarms: Vec<String>,
}

impl Score {
    fn count(&mut self, sample: &Sample, redactions: &[Redaction]) {
        let kinds: Vec<_> = redactions.iter().map(|each| each.kind.as_str()).collect();
        let line = format!("{}: {kinds:?} {}", sample.family, String::from_utf8_lossy(&sample.text).escape_debug());
        if sample.is_leak() {
            self.leaks += 1;
            if !blacked_out(sample, redactions) {
                self.missed.push(line);
            }
        } else {
            self.clean += 1;
            if !redactions.is_empty() {
                self.alarms.push(line);
            }
        }
    }

    fn recall(&self) -> f64 {
        100.0 * (1.0 - self.missed.len() as f64 / self.leaks as f64)
    }

    fn false_alarms(&self) -> f64 {
        100.0 * self.alarms.len() as f64 / self.clean as f64
    }
}

#[test]
fn nearly_all_credentials_are_found_and_nearly_nothing_else() {
    let plugins = guard();
    let samples = corpus::read();
    let mut is_good = true;
    for is_untouched in [false, true] {
        for look in [Look::Plain, Look::Coloured] {
            let mut score = Score::default();
            for sample in samples.iter().filter(|sample| sample.is_untouched == is_untouched) {
                let shown = sample.shown(look);
                score.count(&shown, &scan(&plugins, &shown.text));
            }
            let half = if is_untouched { "untouched" } else { "tuned" };
            println!(
                "{half:<10} {look:?}: recall {:.1} % of {}, false alarms {:.1} % of {}",
                score.recall(),
                score.leaks,
                score.false_alarms(),
                score.clean
            );
            score.missed.iter().for_each(|line| println!("  missed  {line}"));
            score.alarms.iter().for_each(|line| println!("  alarm   {line}"));
            is_good &= score.leaks >= 150 && score.recall() >= 98.0 && score.false_alarms() <= 1.0;
        }
    }
    assert!(is_good, "below the promise; the misses stand above");
}
