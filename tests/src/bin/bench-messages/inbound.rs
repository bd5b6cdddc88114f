//! From the moment in which a person's message is there at Telegram until the agent reads it from its terminal.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::print_times;
use crate::scene::{Scene, now_ns, since};

const ROUNDS: usize = 60;
const SOCKET: &str = "instar-bench-peer";
/// An agent takes an Enter that comes with a text for a part of it; the host waits as long.
const BEFORE_ENTER: Duration = Duration::from_millis(100);

pub(crate) fn measure(scene: &Scene) {
    let topic = scene.forum.telegram.create_topic(&scene.forum.ada, "speed");
    let say = |text: &str| scene.forum.say(topic, text);
    // The first one begins the session.
    say("the first word");
    scene.until_heard("the first word");
    let peer = Peer::start(scene);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let text = format!("message-{round}");
        let begun = now_ns();
        say(&text);
        ours.push(since(begun, scene.until_heard(&text).at_ns));
        theirs.push(peer.tell(scene, &format!("peer-{round}")));
    }
    print_times("message at Telegram until the agent reads it", ours, theirs, "tmux send-keys, Enter after 100 ms");
}

/// The same agent CLI in a tmux of its own, which is told by tmux alone.
struct Peer;

impl Peer {
    fn start(scene: &Scene) -> Self {
        let cli = std::env::current_exe().expect("this program has a path").with_file_name("fake-claude");
        let run =
            format!("exec '{}' --quick --heard '{}'", cli.display(), scene.forum.agent.path("heard.log").display());
        tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "peer", &run]);
        let peer = Self;
        // A terminal that is not raw yet would take an Enter for a line break.
        sleep(Duration::from_secs(1));
        peer.tell(scene, "peer-begins");
        peer
    }

    fn tell(&self, scene: &Scene, text: &str) -> Duration {
        let begun = now_ns();
        tmux(&["send-keys", "-t", "peer", "-l", text]);
        sleep(BEFORE_ENTER);
        tmux(&["send-keys", "-t", "peer", "Enter"]);
        since(begun, scene.until_heard(text).at_ns)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        tmux(&["kill-server"]);
    }
}

fn tmux(words: &[&str]) {
    let done = Command::new("tmux").args(["-L", SOCKET]).args(words).status().expect("tmux can be run");
    assert!(done.success(), "tmux {words:?}");
}
