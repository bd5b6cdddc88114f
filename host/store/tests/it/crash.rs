//! A process that is killed, a machine that loses power: whole transactions remain, in order.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use instar_store::{Snapshot, Store};

use crate::fixture::{copy_database, folder, host_started, manual, requested};

/// Three events: two of the host and one run.
async fn record_batch(store: &Store, number: u64) -> i64 {
    let (_, run) = requested("mail", number, manual());
    store.record(&[host_started(), run, host_started()]).await.unwrap()
}

/// All or nothing of each batch, and no gaps.
#[track_caller]
fn check_whole_batches(snapshot: &Snapshot) {
    let last = usize::try_from(snapshot.last_seq).unwrap();
    assert_eq!(last % 3, 0, "half a batch");
    assert_eq!(snapshot.restored.runs.len(), last / 3, "runs and events differ");
    let seqs: Vec<_> = snapshot.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=snapshot.last_seq).collect::<Vec<_>>());
}

#[tokio::test]
async fn log_that_is_cut_anywhere_restores_whole_transactions() {
    let (live, cut) = (folder(), folder());
    let path = live.path().join("instar.db");
    let store = Store::open(&path).await.unwrap();
    for number in 0..10 {
        record_batch(&store, number).await;
    }
    let length = std::fs::metadata(live.path().join("instar.db-wal")).unwrap().len();
    let mut found = Vec::new();
    for most in (0..=length).step_by(3001).chain([length]) {
        let copy = copy_database(&path, cut.path(), Some(most));
        let reopened = Store::open(&copy).await.unwrap();
        let snapshot = reopened.restore().await.unwrap();
        check_whole_batches(&snapshot);
        assert_eq!(record_batch(&reopened, 99).await, snapshot.last_seq + 1);
        reopened.close().await;
        found.push(snapshot.last_seq);
    }
    assert!(found.is_sorted() && found.first() == Some(&0) && found.last() == Some(&30), "{found:?}");
}

#[tokio::test]
async fn killed_process_loses_nothing_that_was_recorded() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let mut child = Command::new(env!("CARGO_BIN_EXE_instar-store-test-recorder"))
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut answers = lines.filter_map(|line| line.strip_prefix("recorded ")?.parse::<i64>().ok());
    let mut answered = answers.nth(50).expect("the child records");
    child.kill().unwrap();
    answered = answers.last().unwrap_or(answered);
    child.wait().unwrap();
    let store = Store::open(&path).await.unwrap();
    let last = store.restore().await.unwrap().last_seq;
    assert!(last >= answered + 2, "{answered} was answered, and the log ends at {last}");
    assert_eq!(last % 3, 0);
    assert_eq!(store.record(&[host_started()]).await.unwrap(), last + 1);
}
