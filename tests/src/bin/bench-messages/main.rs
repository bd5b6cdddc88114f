//! What messages cost: from a person to an agent, from an agent to a person, and many at once; on real parts.
//!
//! `cargo xtask bench messages` runs it and prints its lines: what, ours and the peer's in nanoseconds or as they stand,
//! and the peer's name, with tabs between.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod inbound;
mod many;
mod outbound;
mod scene;

use std::time::Duration;

fn main() {
    let scene = scene::Scene::start();
    inbound::measure(&scene);
    outbound::measure(&scene);
    drop(scene);
    many::queued();
    many::topics();
}

/// Times of ours and of the peer, in the same run.
fn print_times(what: &str, mut ours: Vec<Duration>, mut theirs: Vec<Duration>, peer: &str) {
    ours.sort_unstable();
    theirs.sort_unstable();
    for (name, share) in [("p50", 50), ("p99", 99)] {
        let at = |times: &[Duration]| times.get(times.len() * share / 100).map_or(0, Duration::as_nanos);
        println!("{what}, {name}\t{}\t{}\t{peer}", at(&ours), at(&theirs));
    }
}

/// A figure that is no time.
fn print(what: &str, ours: &str, theirs: &str, peer: &str) {
    println!("{what}\t{ours}\t{theirs}\t{peer}");
}
