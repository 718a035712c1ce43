//! A message in the steady state costs the engine no allocation.
#![allow(clippy::panic)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use prosody_engine::Settings;

#[path = "../benches/plain/mod.rs"]
mod plain;

thread_local! {
    /// Allocations of this thread while it is inside the engine; `None` while it is not.
    static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
}

struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged; counting allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `memory` came from `System`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and `memory` came from `System`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that is ending has no counter any more, and is in no engine.
    let _ = COUNT.try_with(|count| count.set(count.get().map(|count| count + 1)));
}

/// Runs `turns` batches and counts the engine's allocations.
fn allocations(plain: &mut plain::Plain, turns: u64) -> (u64, u64) {
    let (mut allocations, before) = (0, plain.settled);
    for _ in 0..turns {
        plain.turn(|step| {
            COUNT.set(Some(0));
            step();
            allocations += COUNT.take().unwrap_or_default();
        });
    }
    (allocations, plain.settled - before)
}

fn assert_steady(mut plain: plain::Plain, turns: u64) {
    plain.fill();
    // Tables and queues reach their size.
    allocations(&mut plain, turns);
    let (count, messages) = allocations(&mut plain, turns);
    assert_eq!(plain.engine.counters().duplicates, 0);
    assert!(messages > 500_000, "{messages}");
    // Commits allocate what they hand out: one for each partition each second, of 100 µs turns.
    assert!(count * 1_000 < messages, "{count} allocations for {messages} messages");
}

#[test]
fn a_message_costs_no_allocation() {
    let many = || Settings { max_concurrency: 1_024, max_uncommitted: 8_192, ..Settings::default() };
    assert_steady(plain::Plain::new(many()), 2_500);
    assert_steady(plain::Plain::new(Settings::default()), 20_000);
    assert_steady(plain::Plain::with_ids(&many(), 8_192), 2_500);
    assert_steady(plain::Plain::with_ids(&Settings::default(), 8_192), 20_000);
}

#[test]
fn an_allocation_would_be_seen() {
    COUNT.set(Some(0));
    drop(std::hint::black_box(vec![1_u8]));
    assert_eq!(COUNT.take(), Some(1));
}
