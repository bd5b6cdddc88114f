//! The two engines: a synchronous lane for guards, an asynchronous one for execute types and notifiers.
//!
//! Each has its own pool, clock and linker, so that a slow notifier never takes the place of a guard.

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::Cause;
use crate::gate::Gate;
use crate::limits::{CORE_INSTANCES, MEMORIES, MEMORY_CEILING, TABLE_CEILING, TABLES};
use crate::state::CallState;
use crate::ticker::Ticker;
use crate::{capability, inert, wit};

/// How much is kept ready for instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolChoice {
    /// Address space for this many instances of each lane at once. The fast way.
    Pooled { instances: u32 },
    /// Nothing is kept; each instance allocates its own. For short processes. At most 16 at once.
    OnDemand,
}

impl Default for PoolChoice {
    fn default() -> Self {
        Self::Pooled { instances: 32 }
    }
}

/// How instances are allocated in fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    Pooled,
    /// As it was chosen.
    OnDemand,
    /// The pool did not fit this machine; the reason.
    FellBack(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneKind {
    Guard,
    Driver,
}

/// One engine with what belongs to it.
pub(crate) struct Lane {
    pub engine: Engine,
    pub linker: Linker<CallState>,
    pub ticker: Ticker,
    /// Stands before the pool, so that a full pool means waiting and not failing.
    pub gate: Gate,
    pub allocation: Allocation,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const INSTANCES_ON_DEMAND: u32 = 16;
/// What a guest touches in a short life; kept in memory, so that a fresh instance faults no pages in.
const KEEP_RESIDENT: usize = 2 * MIB;
const WARM_SLOTS: u32 = 8;
const WASM_STACK: usize = 512 * KIB;
const ASYNC_STACK: usize = MIB;

impl Lane {
    pub(crate) fn new(kind: LaneKind, choice: PoolChoice) -> Result<Self, Cause> {
        let failed = |error: wasmtime::Error| Cause::Engine(format!("{error:#}"));
        let (engine, allocation, instances) = engine(choice).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        inert::add_to_linker(&mut linker).map_err(failed)?;
        wit::add_to_linker(&mut linker).map_err(failed)?;
        let name = match kind {
            LaneKind::Guard => "tick-guards",
            LaneKind::Driver => {
                capability::add_to_linker(&mut linker).map_err(failed)?;
                "tick-drivers"
            }
        };
        let ticker = Ticker::start(name, &engine).map_err(|error| Cause::Engine(error.to_string()))?;
        Ok(Self { engine, linker, ticker, gate: Gate::new(instances as usize), allocation })
    }
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("allocation", &self.allocation).field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// The engine, how it allocates, and how many instances may live at once.
fn engine(choice: PoolChoice) -> wasmtime::Result<(Engine, Allocation, u32)> {
    let PoolChoice::Pooled { instances } = choice else {
        return Ok((Engine::new(&config())?, Allocation::OnDemand, INSTANCES_ON_DEMAND));
    };
    let instances = instances.max(1);
    let mut pooled = config();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    match Engine::new(&pooled) {
        Ok(engine) => Ok((engine, Allocation::Pooled, instances)),
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::warn!(instances, %reason, "the pool for plugins does not fit; instances are allocated on demand");
            Ok((Engine::new(&config())?, Allocation::FellBack(reason), INSTANCES_ON_DEMAND.min(instances)))
        }
    }
}

/// What both lanes have in common, so that they share native code.
fn config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_reservation(MEMORY_CEILING as u64)
        .memory_guard_size(32 << 20)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(ASYNC_STACK);
    config
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let of_each = |count: usize| instances.saturating_mul(count as u32);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(of_each(CORE_INSTANCES))
        .total_memories(of_each(MEMORIES))
        .total_tables(of_each(TABLES))
        .total_stacks(instances)
        .max_core_instances_per_component(CORE_INSTANCES as u32)
        .max_memories_per_component(MEMORIES as u32)
        .max_tables_per_component(TABLES as u32)
        .max_memory_size(MEMORY_CEILING)
        .table_elements(TABLE_CEILING)
        .max_unused_warm_slots(WARM_SLOTS.min(instances))
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 * KIB)
        .async_stack_keep_resident(64 * KIB);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_does_not_fit_falls_back_and_says_so() {
        let lane = Lane::new(LaneKind::Guard, PoolChoice::Pooled { instances: 4_000_000 }).unwrap();
        assert!(matches!(lane.allocation, Allocation::FellBack(_)), "{:?}", lane.allocation);
        assert_eq!(lane.gate.free(), INSTANCES_ON_DEMAND as usize);
    }

    #[test]
    fn a_pool_that_fits_is_used() {
        let lane = Lane::new(LaneKind::Driver, PoolChoice::default()).unwrap();
        assert_eq!(lane.allocation, Allocation::Pooled);
    }
}
