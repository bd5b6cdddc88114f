//! How full the memory of the machine is: looked at in the background, and told to the engine, which decides.

use std::time::Duration;

use instar_core::memory::Pressure;
use instar_engine::{AskError, Engine};

use crate::machine_memory::MachineMemory;

/// Looks until it is aborted; not at all where the system does not say.
pub(crate) async fn watch(engine: Engine) {
    loop {
        // The kernel answers from its own memory, so that it need not wait elsewhere.
        let Some(used_percent) = MachineMemory::read().map(|memory| memory.used_percent()) else {
            tracing::info!("this system does not say how much memory is used, so nobody is held back for it");
            return;
        };
        match engine.read_memory(used_percent).await {
            Err(AskError::ShuttingDown) => return,
            Err(error) => tracing::warn!(%error, "the use of memory could not be recorded"),
            Ok(()) => {}
        }
        let pressure = engine.view().state().memory_pressure();
        tokio::time::sleep(wait(pressure)).await;
    }
}

/// The fuller, the sooner it may change.
fn wait(pressure: Pressure) -> Duration {
    Duration::from_secs(match pressure {
        Pressure::Normal => 30,
        Pressure::Elevated => 10,
        Pressure::Critical => 5,
    })
}
