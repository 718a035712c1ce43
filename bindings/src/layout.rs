//! The numbers of the bridge, named as in `src/layout.ts`. `docs/bridge.md` is the contract.

pub const SLAB_VERSION: u32 = 1;
pub const SLAB_HEADER_BYTES: usize = 8;
pub const ROW_BYTES: usize = 64;
/// Most rows of a slab: small enough that JavaScript works on one while the next is being made.
pub const SLAB_ROWS: usize = 256;
/// Most bytes of a slab, unless a single record is larger: a message that is kept pins no more.
pub const SLAB_BYTES: usize = 256 * 1024;

pub const SINK_SLAB: u32 = 0;
pub const SINK_REPORTS: u32 = 1;
pub const SINK_LOG: u32 = 2;
pub const SINK_EVENT: u32 = 3;
pub const SINK_PING: u32 = 4;
pub const SINK_TOKEN: u32 = 5;

pub const ROW_MESSAGE: u32 = 1;
pub const ROW_ABORT: u32 = 2;
pub const ROW_PARTITION: u32 = 3;

/// Fields of a row, in bytes from its start.
pub const EVENT_INDEX: usize = 4;
pub const EVENT_GENERATION: usize = 8;
pub const PARTITION_INDEX: usize = 12;
pub const ABORT_REASON: usize = 12;
pub const OFFSET: usize = 16;
pub const PARTITION_NUMBER: usize = 16;
pub const TIMESTAMP: usize = 24;
pub const BODY_START: usize = 32;
pub const KEY_LENGTH: usize = 36;
pub const VALUE_LENGTH: usize = 40;
pub const HEADERS_LENGTH: usize = 44;
pub const ATTEMPT: usize = 48;

pub const OUTCOME_WORDS: usize = 3;
pub const OUTCOME_SUCCESS: u32 = 0;
pub const OUTCOME_TRANSIENT: u32 = 1;
pub const OUTCOME_PERMANENT: u32 = 2;
/// The handler returned, and its message is not marked; the same event is marked later.
pub const OUTCOME_UNMARKED: u32 = 3;
pub const OUTCOME_MARKED: u32 = 4;
pub const OUTCOME_TEXT_SHIFT: u32 = 8;

pub const REPORTS_HEADER_BYTES: usize = 8;
pub const REPORT_BYTES: usize = 32;
