//! A long past for a project: many copies of the runs, sessions and events that it has.
//!
//! By Python's sqlite3, which the conformance check needs anyway: the build has no database of its own.

use std::process::Command;

use anyhow::Result;

use crate::agent::Agent;
use crate::shell;

const COPIES: &str = r#"
import sqlite3, sys, uuid
db = sqlite3.connect(sys.argv[1])
def columns(table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
def copies(table, where, change):
    names = columns(table)
    rows = db.execute(f"SELECT {', '.join(names)} FROM {table} WHERE {where}").fetchall()
    assert rows, f"{table} has nothing to copy"
    marks = ', '.join('?' * len(names))
    made = (change(dict(zip(names, rows[number % len(rows)])), number) for number in range(100_000))
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
                   ([row[name] for name in names] for row in made))
def old(number):
    return str(uuid.UUID(int=(0x0190_0000_0000 + number) << 80 | 0x7 << 76 | 0x8 << 60 | number))
runs = [old(number) for number in range(100_000)]
copies("runs", "ended_at IS NOT NULL", lambda row, n: row | {"id": runs[n], "session_id": None, "scheduled_at": None})
last = db.execute("SELECT MAX(seq) FROM events").fetchone()[0]
copies("events", "type = 'job_completed'", lambda row, n: row | {"seq": last + 1 + n, "run_id": runs[n]})
db.commit()
"#;

/// The server must not run meanwhile.
pub(super) fn give(agent: &Agent) -> Result<()> {
    let database = agent.dir().join(".instar/state/instar.db");
    shell::step(
        "give the project 100,000 old runs and events",
        Command::new("python3").args(["-c", COPIES]).arg(database),
    )
}
