//! How much a plugin may use. Values, so that an operator can lower them and a test can trip each one.

pub(crate) mod asked;

use std::time::Duration;

/// The limits of all plugins, beyond which one gets what it asks for and is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The size of a component that is still compiled.
    pub component_bytes: usize,
    /// How long a call waits for a free instance.
    pub queue: Duration,
    /// One check of a guard. Short, because an agent waits for it.
    pub guard: CallLimits,
    /// A check has so long whatever its guard asks for: in a process of its own it may wait for the processor first.
    pub check_at_least: Duration,
    /// `plan` and `migrate-state`, and `step` of those that have no rights.
    pub execute: CallLimits,
    /// `step` of those that have some, with all that it asks of the network.
    pub work: CallLimits,
    /// `deliver`, `probe` and the like, with all that they ask of the network.
    pub notifier: CallLimits,
    /// `fetch-file`.
    pub transfer: CallLimits,
    /// `validate`, once at load.
    pub validate: CallLimits,
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// From the creation of the instance to the answer.
    pub wall: Duration,
    /// All memories of the instance together.
    pub memory_bytes: usize,
    /// All tables of the instance together.
    pub table_elements: usize,
    /// What is handed to the guest.
    pub input_bytes: usize,
    /// What the guest hands over, in its answer and in each call of the host.
    pub output_bytes: usize,
    /// Lines that it may log.
    pub log_lines: u32,
    /// All of these lines together.
    pub log_bytes: usize,
}

/// The longest check that a guard may ask for.
pub const LONGEST_CHECK: Duration = Duration::from_secs(2);
/// The longest `plan` and `step` without rights that an execute type may ask for.
pub(crate) const LONGEST_THOUGHT: Duration = Duration::from_secs(10);
/// The longest step with rights that an execute type may ask for.
pub const LONGEST_STEP: Duration = Duration::from_secs(60);
/// The longest delivery that a notifier may ask for.
pub const LONGEST_DELIVERY: Duration = Duration::from_secs(120);
/// The longest transfer of a file that a notifier may ask for.
pub const LONGEST_TRANSFER: Duration = Duration::from_secs(600);

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// No instance may have more memory than its slot in the pool.
pub(crate) const MEMORY_CEILING: usize = 64 * MIB;
/// No instance may have more table elements than its slots in the pool.
pub(crate) const TABLE_CEILING: usize = 16 * KIB;
/// Core instances within one component: the module and its shims, or the libraries that a language brings along, of
/// which CPython has forty, most of them empty.
pub(crate) const CORE_INSTANCES: usize = 48;
/// Memories within one component.
pub(crate) const MEMORIES: usize = 2;
/// Tables within one component.
pub(crate) const TABLES: usize = 4;

impl Default for Limits {
    fn default() -> Self {
        let common = CallLimits {
            wall: Duration::from_secs(1),
            memory_bytes: 32 * MIB,
            table_elements: TABLE_CEILING,
            input_bytes: MIB,
            output_bytes: 4 * MIB,
            log_lines: 100,
            log_bytes: 64 * KIB,
        };
        Self {
            component_bytes: 32 * MIB,
            queue: Duration::from_secs(2),
            check_at_least: Duration::ZERO,
            guard: CallLimits { wall: Duration::from_millis(200), memory_bytes: 16 * MIB, output_bytes: MIB, ..common },
            execute: common,
            work: CallLimits { wall: Duration::from_secs(20), ..common },
            notifier: CallLimits { wall: Duration::from_secs(45), ..common },
            transfer: CallLimits { wall: Duration::from_secs(120), ..common },
            validate: common,
        }
    }
}

impl CallLimits {
    /// The same, but never above what the pool can give.
    pub(crate) fn capped(self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(MEMORY_CEILING),
            table_elements: self.table_elements.min(TABLE_CEILING),
            ..self
        }
    }
}
