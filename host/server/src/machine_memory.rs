//! How full the memory of the machine is, as the kernel says it; on Linux only.

/// In kilobytes, as `/proc/meminfo` has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MachineMemory {
    total: f64,
    /// What the kernel could give to a program without taking it from another.
    available: f64,
}

impl MachineMemory {
    pub(crate) fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/meminfo").ok()?)
    }

    fn parse(meminfo: &str) -> Option<Self> {
        let kilobytes = |name: &str| -> Option<f64> {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_ascii_whitespace().next()?.parse().ok()
        };
        let total = kilobytes("MemTotal").filter(|total| *total > 0.0)?;
        let available = kilobytes("MemAvailable")
            .or_else(|| Some(kilobytes("MemFree")? + kilobytes("Buffers")? + kilobytes("Cached")?))?;
        Some(Self { total, available: available.clamp(0.0, total) })
    }

    pub(crate) fn used_percent(self) -> f64 {
        100.0 * (self.total - self.available) / self.total
    }

    pub(crate) fn total_gb(self) -> f64 {
        self.total / KILOBYTES_IN_GB
    }

    pub(crate) fn available_gb(self) -> f64 {
        self.available / KILOBYTES_IN_GB
    }
}

const KILOBYTES_IN_GB: f64 = 1024.0 * 1024.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_not_used() {
        let used = |text| MachineMemory::parse(text).map(MachineMemory::used_percent);
        let text = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   12000 kB\n";
        assert_eq!(used(text), Some(25.0));
        let old = "MemTotal: 16000 kB\nMemFree: 1000 kB\nBuffers: 1000 kB\nCached: 2000 kB\nSwapCached: 9 kB\n";
        assert_eq!(used(old), Some(75.0));
        for nothing in ["", "MemTotal: 0 kB\nMemAvailable: 0 kB", "MemTotal: 5 kB"] {
            assert_eq!(used(nothing), None);
        }
    }

    #[test]
    fn sizes_are_in_gigabytes() {
        let memory = MachineMemory::parse("MemTotal: 16777216 kB\nMemAvailable: 4194304 kB\n").unwrap();
        assert_eq!((memory.total_gb(), memory.available_gb()), (16.0, 4.0));
    }
}
