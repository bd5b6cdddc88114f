//! The rules, told as scenarios and attacked at random.

mod admission;
mod clock;
mod conversations;
mod decide;
mod fields;
mod invariants;
mod keep;
mod missed;
mod pauses;
mod polls;
mod retry;
mod schedule;
mod supervise;
mod supervisor;
mod talk;
mod world;
mod year;
mod zones;
