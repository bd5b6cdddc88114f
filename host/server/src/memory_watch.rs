//! How full the memory of the machine is: looked at in the background, and told to the engine, which decides.

use std::time::Duration;

use instar_core::memory::Pressure;
use instar_engine::{AskError, Engine};

/// Looks until it is aborted; not at all where the system does not say.
pub(crate) async fn watch(engine: Engine) {
    loop {
        let text = tokio::fs::read_to_string("/proc/meminfo").await;
        let Some(used_percent) = text.ok().and_then(|text| used_percent(&text)) else {
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

/// What the kernel could not give to a program without taking it from another.
fn used_percent(meminfo: &str) -> Option<f64> {
    let kilobytes = |name: &str| -> Option<f64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    let total = kilobytes("MemTotal").filter(|total| *total > 0.0)?;
    let available = kilobytes("MemAvailable")
        .or_else(|| Some(kilobytes("MemFree")? + kilobytes("Buffers")? + kilobytes("Cached")?))?;
    Some((100.0 * (total - available) / total).clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_not_used() {
        let text = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   12000 kB\n";
        assert_eq!(used_percent(text), Some(25.0));
        let old = "MemTotal: 16000 kB\nMemFree: 1000 kB\nBuffers: 1000 kB\nCached: 2000 kB\nSwapCached: 9 kB\n";
        assert_eq!(used_percent(old), Some(75.0));
        for nothing in ["", "MemTotal: 0 kB\nMemAvailable: 0 kB", "MemTotal: 5 kB"] {
            assert_eq!(used_percent(nothing), None);
        }
    }
}
