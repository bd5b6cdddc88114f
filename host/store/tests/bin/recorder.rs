//! Records batches of three events in the database that its argument names, and prints each number, until it is killed.

use std::io::{self, Write as _};
use std::path::PathBuf;

use instar_core::event::{Event, Fact};
use instar_store::Store;
use jiff::Timestamp;

fn main() -> io::Result<()> {
    let path = PathBuf::from(std::env::args_os().nth(1).expect("the test names a database"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&path).await.map_err(io::Error::other)?;
        let batch = [(); 3].map(|()| Event { at: Timestamp::now(), fact: Fact::HostStopped });
        loop {
            let seq = store.record(&batch).await.map_err(io::Error::other)?;
            writeln!(io::stdout(), "recorded {seq}")?;
        }
    })
}
