/** What happens to a message whose handler fails; see the documentation of modes. */
export const Mode = {
  /** Every message is retried until it succeeds. The default. */
  Pipeline: 'pipeline',
  /** A few attempts, then the failure topic. */
  LowLatency: 'low-latency',
  /** One attempt. */
  BestEffort: 'best-effort',
} as const;

/** One of the values of {@link Mode}. */
export type Mode = (typeof Mode)[keyof typeof Mode];

/** What the consumer of a client is doing. */
export const ConsumerState = {
  /** There is no group id: the client only sends. */
  Unconfigured: 'unconfigured',
  /** It could run, and does not. */
  Configured: 'configured',
  /** It is subscribed. */
  Running: 'running',
} as const;

/** One of the values of {@link ConsumerState}. */
export type ConsumerState = (typeof ConsumerState)[keyof typeof ConsumerState];
