//! The rules, told as scenarios and attacked at random.

mod admission;
mod attention;
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
mod routes;
mod schedule;
mod supervise;
mod supervisor;
mod talk;
mod threads;
mod tune;
mod waits;
mod world;
mod year;
mod zones;
