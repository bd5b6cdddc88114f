//! Real components, loaded and called as the host does it.

mod asked_limits;
mod capabilities;
mod contract;
mod execute;
mod guard;
mod host;
mod limits;
mod load;
mod loopback;
mod notifier;
mod process;
mod schemas;
mod secrets;
mod support;
mod two_way;
