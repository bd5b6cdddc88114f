//! Real components, loaded and called as the host does it.

mod execute;
mod guard;
mod limits;
mod load;
mod notifier;
mod secrets;
mod support;
mod two_way;
