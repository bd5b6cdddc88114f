//! Messages between people and agents: how fast they go, what many of them cost, and how fast one is found among a
//! million.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{millis, of_crate, percentiles, print_lines, row};
use crate::agent::Agent;
use crate::shell;

const LOGGED: usize = 1_000_000;
const ROUNDS: usize = 100;

/// A log of messages as agents and people write them: the words come as often as words do, one in a thousand is rare.
const FILL: &str = r#"
import itertools, json, random, sqlite3, sys, time
random.seed(7)
words = [''.join(random.choices('abcdefghijklmnopqrstuvwxyz', k=random.randint(2, 9))) for _ in range(5000)]
weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
newest = int(time.time() * 1000)
db = sqlite3.connect(sys.argv[1])
def rows(count):
    for number in range(count):
        text = ' '.join(random.choices(words, cum_weights=weights, k=random.randint(5, 30)))
        if number % 1000 == 0:
            text += f' needle{number // 1000}'
        yield ('notifier-telegram', '-100', str(number % 1000 + 2), str(number), newest - (count - number) * 1000,
               json.dumps('agent'), text, None)
db.executemany('INSERT INTO spoken (notifier, conversation, thread, message_id, at, voice, text, session) '
               'VALUES (?, ?, ?, ?, ?, ?, ?, ?)', rows(int(sys.argv[2])))
db.commit()
print(json.dumps(words[:3000:100]))
"#;

/// The same question to SQLite without anything around it: the newest fifty texts with this part. Seconds, one a line.
const ASK: &str = r#"
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
for part in sys.argv[2:]:
    begun = time.perf_counter()
    db.execute('SELECT spoken.text FROM spoken_text JOIN spoken ON spoken.number = spoken_text.rowid '
               'WHERE spoken_text MATCH ? ORDER BY spoken_text.rowid DESC LIMIT 50', (f'"{part}"',)).fetchall()
    print(time.perf_counter() - begun)
"#;

pub(super) fn measure() -> Result<()> {
    let output = shell::program(shell::target_dir().join("release/bench-messages"))
        .env("INSTAR_BIN", shell::target_dir().join("release/instar"))
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run bench-messages")?;
    if !output.status.success() {
        bail!("bench-messages failed");
    }
    print_lines(&String::from_utf8_lossy(&output.stdout));
    of_crate("messages")?;
    search()
}

fn search() -> Result<()> {
    let settings = |config: &mut Value| {
        // Nobody listens there: the log is asked, and nothing else.
        config["plugins"]["notifier-telegram"] = json!({
            "config": { "chatId": -100 }, "http": { "hosts": { "api.telegram.org": "http://127.0.0.1:9" } },
        });
    };
    let mut agent = Agent::new("bench-messages", "release/instar", settings, &Value::Array(Vec::new()))?;
    agent.stop();
    let words = fill(&agent)?;
    agent.start()?;
    let needles: Vec<String> = (0..ROUNDS).map(|round| format!("needle{}", round * 9 + 7)).collect();
    let common: Vec<String> = words.iter().filter(|word| word.len() > 2).cycle().take(ROUNDS).cloned().collect();
    let two: Vec<String> = words.iter().map(|word| word[..2].to_owned()).cycle().take(ROUNDS).collect();
    let absent: Vec<String> =
        (0..ROUNDS).map(|round| format!("{} {}", words[round % 7], words[29 - round % 7])).collect();
    for (what, parts) in
        [("a rare word", needles), ("any word", common), ("two words that are seldom together", absent)]
    {
        let ours = times(&agent, &parts)?;
        let theirs = bare(&agent, &parts)?;
        print(&format!("search of {LOGGED} messages for {what}"), ours, theirs);
    }
    let ours = times(&agent, &two)?;
    print(&format!("search of {LOGGED} messages for two letters"), ours, Vec::new());
    let ours = times(&agent, &vec!["%C3%A4%C3%B6".to_owned(); 20])?;
    print(&format!("search of {LOGGED} messages for two letters that are nowhere"), ours, Vec::new());
    let stats = (0..ROUNDS).map(|_| time(&agent, "/telegram/log-stats")).collect::<Result<Vec<_>>>()?;
    print(&format!("GET /telegram/log-stats with {LOGGED}"), stats, Vec::new());
    Ok(())
}

/// The server must not run meanwhile. Words, from the most frequent to seldom ones.
fn fill(agent: &Agent) -> Result<Vec<String>> {
    let output = Command::new("python3")
        .args(["-c", FILL])
        .arg(agent.dir().join(".instar/state/instar.db"))
        .arg(LOGGED.to_string())
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run python3")?;
    serde_json::from_slice(&output.stdout).context("the log was not filled")
}

fn times(agent: &Agent, parts: &[String]) -> Result<Vec<Duration>> {
    parts.iter().map(|part| time(agent, &format!("/telegram/search?q={}", part.replace(' ', "%20")))).collect()
}

fn time(agent: &Agent, path: &str) -> Result<Duration> {
    let begun = Instant::now();
    agent.request("GET", path)?;
    Ok(begun.elapsed())
}

fn bare(agent: &Agent, parts: &[String]) -> Result<Vec<Duration>> {
    let mut command = Command::new("python3");
    command.args(["-c", ASK]).arg(agent.dir().join(".instar/state/instar.db")).args(parts);
    let output = command.stderr(Stdio::inherit()).output().context("failed to run python3")?;
    let seconds = String::from_utf8_lossy(&output.stdout);
    Ok(seconds.lines().filter_map(|line| line.parse().ok()).map(Duration::from_secs_f64).collect())
}

fn print(what: &str, ours: Vec<Duration>, theirs: Vec<Duration>) {
    let theirs = if theirs.is_empty() { None } else { Some(percentiles(theirs)) };
    let (p50, p99) = percentiles(ours);
    let peer = if theirs.is_some() { "bare SQLite" } else { "" };
    let of =
        |part: fn(&(Duration, Duration)) -> Duration| theirs.as_ref().map(|it| millis(part(it))).unwrap_or_default();
    row(&format!("{what}, p50"), &millis(p50), &of(|it| it.0), peer);
    row(&format!("{what}, p99"), &millis(p99), &of(|it| it.1), peer);
}
