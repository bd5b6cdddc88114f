//! What came of a comparison so far: numbers, and the latest differences, for the owner alone and bounded.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use instar_api::{PluginProblem, PluginShadow, PluginShadowDifference};
use instar_core::id::PluginId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::disk::{self, Mode};
use crate::installed::{Component, Judging, NoShadow};

/// Of the differences so many are kept, the latest.
const MOST_DIFFERENCES: usize = 100;

/// Of which two builds, and since when. Another pair is counted anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    /// Digests in hexadecimal.
    judging: String,
    shadow: String,
    put_at: Timestamp,
}

/// The file of one shadow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pair: Pair,
    since: Timestamp,
    asked: u64,
    alike: u64,
    different: u64,
    faults: BTreeMap<String, u64>,
    faults_in_a_row: u32,
    last_fault: String,
    missed: u64,
    /// The newest last.
    differences: VecDeque<PluginShadowDifference>,
}

/// What came of one question.
#[derive(Debug)]
pub(super) enum Outcome {
    Alike,
    Different(Box<PluginShadowDifference>),
    /// The shadow gave no answer; the code.
    Fault(&'static str),
}

impl Record {
    fn new(judging: &str, shadow: &Component) -> Self {
        let pair = Pair { judging: judging.to_owned(), shadow: shadow.hex().to_owned(), put_at: shadow.installed_at };
        Self {
            pair,
            since: Timestamp::now(),
            asked: 0,
            alike: 0,
            different: 0,
            faults: BTreeMap::new(),
            faults_in_a_row: 0,
            last_fault: String::new(),
            missed: 0,
            differences: VecDeque::new(),
        }
    }

    /// What was kept of this pair; what is of another one, or cannot be read, begins anew.
    pub(super) fn open(folder: &Path, id: &PluginId, judging: &str, shadow: &Component) -> Self {
        let new = Self::new(judging, shadow);
        let kept = std::fs::read(file(folder, id)).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        kept.filter(|kept| kept.pair == new.pair).unwrap_or(new)
    }

    pub(super) fn note(&mut self, outcome: Outcome) {
        self.asked += 1;
        match outcome {
            Outcome::Alike => self.alike += 1,
            Outcome::Different(difference) => {
                self.different += 1;
                self.differences.push_back(*difference);
                while self.differences.len() > MOST_DIFFERENCES {
                    self.differences.pop_front();
                }
            }
            Outcome::Fault(code) => {
                *self.faults.entry(code.to_owned()).or_default() += 1;
                self.faults_in_a_row = self.faults_in_a_row.saturating_add(1);
                code.clone_into(&mut self.last_fault);
                return;
            }
        }
        self.faults_in_a_row = 0;
    }

    pub(super) fn note_missed(&mut self, count: u64) {
        self.missed += count;
    }

    /// Whether it is not asked any more, since it gave no answer so often in a row; 0 is never.
    pub(super) fn is_given_up(&self, most_faults: u32) -> bool {
        most_faults > 0 && self.faults_in_a_row >= most_faults
    }

    pub(super) fn write(&self, folder: &Path, id: &PluginId) -> io::Result<()> {
        disk::create_folder(folder, Mode::Private)?;
        disk::write(&file(folder, id), &serde_json::to_vec(self)?, Mode::Private)
    }

    /// As people and programs read it, with the latest so many differences, the newest first.
    pub(super) fn told(&self, standing: Standing<'_>, most_faults: u32, limit: usize) -> PluginShadow {
        let Standing { id, judging, shadow, problem, comparing } = standing;
        let given_up = self.is_given_up(most_faults).then(|| PluginProblem {
            plugin: id.to_string(),
            code: "given-up".to_owned(),
            message: format!(
                "it gave no answer {} times in a row (the last time: {}), and is not asked any more; put it into \
                 shadow again, and it is",
                self.faults_in_a_row, self.last_fault
            ),
        });
        let problem = problem.or(given_up);
        PluginShadow {
            id: id.to_string(),
            version: shadow.version.clone(),
            source: shadow.source.clone(),
            digest: shadow.digest.clone(),
            signer: shadow.signer.clone(),
            put_at: shadow.installed_at.to_string(),
            judging_version: judging.map(|judging| judging.version.clone()),
            judging_digest: judging.map(|judging| format!("blake3:{}", judging.digest)),
            comparing: comparing && problem.is_none(),
            problem,
            since: self.since.to_string(),
            asked: self.asked,
            alike: self.alike,
            different: self.different,
            faults: self.faults.clone(),
            missed: self.missed,
            differences: self.differences.iter().rev().take(limit).cloned().collect(),
        }
    }
}

/// Which shadow it is, and whether anything can be compared.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    pub(super) id: &'a PluginId,
    pub(super) judging: Option<&'a Judging>,
    pub(super) shadow: &'a Component,
    pub(super) problem: Option<PluginProblem>,
    pub(super) comparing: bool,
}

/// What stands in the file, for one who is not the server: nothing is compared then.
pub(crate) fn report(
    folder: &Path,
    id: &PluginId,
    judging: &Result<Judging, NoShadow>,
    shadow: &Component,
    most_faults: u32,
    limit: usize,
) -> PluginShadow {
    let digest = judging.as_ref().map_or("", |judging| judging.digest.as_str());
    let record = Record::open(folder, id, digest, shadow);
    let standing = standing(id, judging, shadow);
    record.told(Standing { comparing: false, ..standing }, most_faults, limit)
}

/// What keeps it from being compared, if the guard that judges does.
pub(super) fn standing<'a>(
    id: &'a PluginId,
    judging: &'a Result<Judging, NoShadow>,
    shadow: &'a Component,
) -> Standing<'a> {
    let problem = |error: &NoShadow| PluginProblem {
        plugin: id.to_string(),
        code: "nobody-judges".to_owned(),
        message: error.to_string(),
    };
    let problem = match judging {
        Ok(judging) if judging.digest == shadow.hex() => {
            Some(problem(&NoShadow::Same(format!("{id} {}", shadow.version))))
        }
        Ok(_) => None,
        Err(error) => Some(problem(error)),
    };
    Standing { id, judging: judging.as_ref().ok(), shadow, comparing: problem.is_none(), problem }
}

/// Takes away what belongs to no shadow any more.
pub(super) fn sweep(folder: &Path, is_there: &dyn Fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_named = path.file_stem().and_then(|name| name.to_str()).is_some_and(is_there);
        if !is_named && let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, "{} could not be removed", path.display());
        }
    }
}

fn file(folder: &Path, id: &PluginId) -> PathBuf {
    folder.join(format!("{id}.json"))
}

#[cfg(test)]
mod tests {
    use instar_api::PluginShadowSaid;

    use super::*;

    fn shadow() -> Component {
        Component {
            version: "0.2.0".to_owned(),
            source: "/x.wasm".to_owned(),
            digest: format!("blake3:{}", "b".repeat(64)),
            bytes: 1,
            kinds: vec!["command-guard".to_owned()],
            grants: Default::default(),
            signer: None,
            installed_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn difference(question: &str) -> Outcome {
        let said = PluginShadowSaid { answer: "pass".to_owned(), findings: Vec::new() };
        Outcome::Different(Box::new(PluginShadowDifference {
            at: String::new(),
            hook: "command".to_owned(),
            question: question.to_owned(),
            judging: said.clone(),
            shadow: said,
        }))
    }

    #[test]
    fn what_is_kept_is_bounded_private_and_of_one_pair() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("shadows");
        let id: PluginId = "guard-a".parse().unwrap();
        let mut record = Record::open(&folder, &id, "aa", &shadow());
        (0..MOST_DIFFERENCES + 5).for_each(|number| record.note(difference(&number.to_string())));
        record.note(Outcome::Alike);
        record.note_missed(3);
        record.write(&folder, &id).unwrap();
        assert_eq!(std::fs::metadata(file(&folder, &id)).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Record::open(&folder, &id, "aa", &shadow());
        assert_eq!(again, record);
        assert_eq!((again.asked, again.alike, again.different, again.missed), (106, 1, 105, 3));
        assert_eq!(again.differences.len(), MOST_DIFFERENCES);
        let standing = Standing { id: &id, judging: None, shadow: &shadow(), problem: None, comparing: true };
        let told = again.told(standing, 5, 2);
        assert_eq!(told.differences.iter().map(|it| it.question.as_str()).collect::<Vec<_>>(), ["104", "103"]);
        assert_eq!(Record::open(&folder, &id, "ab", &shadow()).asked, 0, "another build judges now");
        let put_again = Component { installed_at: Timestamp::from_second(5).unwrap(), ..shadow() };
        assert_eq!(Record::open(&folder, &id, "aa", &put_again).asked, 0);
        sweep(&folder, &|name| name == "guard-b");
        assert_eq!(Record::open(&folder, &id, "aa", &shadow()).asked, 0);
    }

    #[test]
    fn one_that_gives_no_answer_too_often_is_given_up() {
        let mut record = Record::new("aa", &shadow());
        (0..2).for_each(|_| record.note(Outcome::Fault("trap")));
        record.note(Outcome::Alike);
        (0..2).for_each(|_| record.note(Outcome::Fault("timeout")));
        assert!(!record.is_given_up(3) && record.is_given_up(2) && !record.is_given_up(0));
        record.note(Outcome::Fault("trap"));
        let id: PluginId = "guard-a".parse().unwrap();
        let standing = Standing { id: &id, judging: None, shadow: &shadow(), problem: None, comparing: true };
        let told = record.told(standing, 3, 5);
        assert!(!told.comparing && told.problem.is_some_and(|it| it.message.contains("3 times in a row")));
        assert_eq!((told.asked, told.faults["trap"], told.faults["timeout"]), (6, 3, 2));
    }
}
