export { AdminClient } from './admin.js';
export { ProsodyClient } from './client.js';
export type * from './configuration.js';
export { permanent, transient, type HandlerDecorator } from './decorators.js';
export {
  ClosedError,
  ConfigurationError,
  PayloadError,
  PermanentError,
  ProsodyError,
  SendError,
  TimerError,
  TransientError,
  type ConfigurationProblem,
  type ProsodyErrorOptions,
  type TransientErrorOptions,
} from './errors.js';
export type {
  ClientEvent,
  ClientEvents,
  DeadLetteredEvent,
  Listener,
  ParkedEvent,
  PartitionsEvent,
  RecordEvent,
  StalledEvent,
} from './events.js';
export type {
  Bound,
  Budgets,
  Explanation,
  Hold,
  ParkedKey,
  ParkedReason,
  PartitionExplanation,
  RecordExplanation,
  Stage,
  Use,
} from './explanation.js';
export type { Context, Handler, Message, MessageHeaders, Middleware, Next, Timer } from './handler.js';
export {
  getCurrentLogger,
  setLogger,
  setLoggerIfUnset,
  type LogLevel,
  type LogMetadata,
  type Logger,
} from './logger.js';
export { ConsumerState, Mode } from './mode.js';
export type {
  HeaderValue,
  RecordOptions,
  SendHeaders,
  SendOptions,
  SendRecord,
  SendResult,
} from './records.js';
export { flushTelemetry, shutdownTelemetry } from './telemetry.js';
