//! The rules, told as scenarios and attacked at random.

mod clock;
mod decide;
mod fields;
mod invariants;
mod keep;
mod schedule;
mod supervise;
mod talk;
mod world;
mod zones;
