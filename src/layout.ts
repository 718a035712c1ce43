/**
 * The numbers of the bridge, named as in `bindings/src/layout.rs`. `docs/bridge.md` is the contract.
 *
 * Fields of slabs and reports are counted in 32-bit words (`_W`); a float is at half its word.
 */

/** The layout version of a slab. */
export const SLAB_VERSION = 1;

/** Kinds of calls into the sink. */
export const SINK_SLAB = 0;
export const SINK_REPORTS = 1;
export const SINK_LOG = 2;
export const SINK_EVENT = 3;
export const SINK_PING = 4;
export const SINK_TOKEN = 5;

/** A slab: version and row count, then rows, then bodies. */
export const SLAB_COUNT_W = 1;
export const SLAB_HEADER_BYTES = 8;
export const ROW_BYTES = 64;
export const ROW_WORDS = ROW_BYTES / 4;
export const FIRST_ROW_W = SLAB_HEADER_BYTES / 4;

/** Kinds of rows. */
export const ROW_MESSAGE = 1;
export const ROW_ABORT = 2;
export const ROW_PARTITION = 3;

/** Fields of a row, in words from its start. */
export const EVENT_INDEX_W = 1;
export const EVENT_GENERATION_W = 2;
export const PARTITION_INDEX_W = 3;
export const ABORT_REASON_W = 3;
export const OFFSET_W = 4;
export const PARTITION_NUMBER_W = 4;
export const TIMESTAMP_W = 6;
export const BODY_START_W = 8;
export const KEY_LENGTH_W = 9;
export const VALUE_LENGTH_W = 10;
export const HEADERS_LENGTH_W = 11;
export const ATTEMPT_W = 12;

/** Why a call is asked to stop. */
export const ABORT_TIMEOUT = 1;
export const ABORT_REVOKED = 2;
export const ABORT_SHUTDOWN = 3;
export const ABORT_LOST = 4;

/** Outcomes: three words each; a failing one carries 1 + the position of its text above the lowest eight bits. */
export const OUTCOME_WORDS = 3;
export const OUTCOME_SUCCESS = 0;
export const OUTCOME_TRANSIENT = 1;
export const OUTCOME_PERMANENT = 2;
/** The handler returned, and its message is not marked; the same event is marked later. */
export const OUTCOME_UNMARKED = 3;
export const OUTCOME_MARKED = 4;
export const OUTCOME_TEXT_SHIFT = 8;

/** Length of a thing that is null. */
export const NULL_LENGTH = -1;

/** Bits of the argument of `subscribe`. */
export const HANDLES_MESSAGES = 1;
export const HANDLES_TIMERS = 2;

/** Reports of sent records: a count, then rows from byte 8. */
export const REPORT_FIRST_ROW_W = 2;
export const REPORT_ROW_WORDS = 8;
export const REPORT_OUTCOME_W = 1;
export const REPORT_PARTITION_W = 2;
export const REPORT_OFFSET_W = 4;
export const REPORT_ERROR_START_W = 6;
export const REPORT_ERROR_LENGTH_W = 7;
