// Generated from the option table in crates/config/src/table.rs: do not edit.
// `UPDATE_DOCS=1 cargo test -p prosody-config` writes it.

/** A token for SASL OAUTHBEARER. */
export interface Token {
  /** The token itself. */
  value: string;
  /**
   * When it ends: a date, or milliseconds since 1970. A new one is asked for before then. Not needed for a JSON web
   * token, which says it itself; a token that says nothing is taken to live for five minutes.
   */
  expiresAt?: Date | number | undefined;
  /** Whom it names; that of a JSON web token is its `sub`. */
  principal?: string | undefined;
  /** What is told to the brokers besides. */
  extensions?: Record<string, string> | undefined;
}

/** Supplies a token whenever one is needed; a JSON web token may be given as it is. */
export type TokenCallback = () => Token | string | Promise<Token | string>;

/** Encryption and authentication towards Kafka. */
export interface Security {
  /**
   * How the connection to a broker is encrypted and authenticated.
   *
   * Environment: `PROSODY_SECURITY_PROTOCOL`.
   *
   * @defaultValue `"plaintext"`
   */
  protocol?: 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl' | undefined;
  /**
   * How the client proves who it is.
   *
   * Condition: with a SASL protocol only, and needed there. Environment: `PROSODY_SASL_MECHANISM`.
   */
  mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER' | null | undefined;
  /**
   * SASL user name.
   *
   * Allowed: 1 to 255 characters without control characters. Condition: with `password`; needed for PLAIN and
   * SCRAM. Environment: `PROSODY_SASL_USERNAME`.
   */
  username?: string | null | undefined;
  /**
   * SASL password.
   *
   * Condition: with `username`; needed for PLAIN and SCRAM. Environment: `PROSODY_SASL_PASSWORD`.
   */
  password?: string | null | undefined;
  /**
   * Called for a token when the first is needed, and again before each ends. See `docs/security.md`.
   *
   * Condition: needed for OAUTHBEARER.
   */
  token?: TokenCallback | null | undefined;
  /**
   * Authorities to trust; those of this machine if not given.
   *
   * Allowed: PEM text or a path. Condition: with a TLS protocol only. Environment: `PROSODY_SSL_CA_LOCATION`.
   */
  ca?: string | null | undefined;
  /**
   * The client's own certificate.
   *
   * Allowed: PEM text or a path. Condition: with a TLS protocol only, and with `key`. Environment:
   * `PROSODY_SSL_CERTIFICATE_LOCATION`.
   */
  certificate?: string | null | undefined;
  /**
   * The private key of the client's certificate.
   *
   * Allowed: PEM text or a path. Condition: with `certificate`. Environment: `PROSODY_SSL_KEY_LOCATION`.
   */
  key?: string | null | undefined;
  /**
   * What the private key is encrypted with.
   *
   * Condition: with `key`. Environment: `PROSODY_SSL_KEY_PASSWORD`.
   */
  keyPassword?: string | null | undefined;
}

/** Where a message's id and type are; of several places the first that is there wins. */
export interface Identity {
  /**
   * Where the id is that deduplication goes by.
   *
   * Allowed: JSON pointers or `header:name`, at least 1. Environment: `PROSODY_IDENTITY_ID`.
   *
   * @defaultValue `"/id"`
   */
  id?: string | readonly string[] | undefined;
  /**
   * Where the type is that `allowedEvents` goes by.
   *
   * Allowed: JSON pointers or `header:name`, at least 1. Environment: `PROSODY_IDENTITY_TYPE`.
   *
   * @defaultValue `"/type"`
   */
  type?: string | readonly string[] | undefined;
}

/** In pipeline mode, a transient failure past either bound is dead-lettered. */
export interface DeadLetterAfter {
  /**
   * Dead-letter after this many attempts.
   *
   * Allowed: 1–1,000,000,000. Condition: needs `failureTopic`. Environment: `PROSODY_DEAD_LETTER_ATTEMPTS`.
   *
   * @defaultValue never
   */
  attempts?: number | null | undefined;
  /**
   * Dead-letter once the first attempt is this old.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Condition: needs `failureTopic`. Environment:
   * `PROSODY_DEAD_LETTER_AGE`.
   *
   * @defaultValue never
   */
  ageMs?: number | null | undefined;
}

/** Encryption towards Cassandra; `{}` trusts the authorities of this machine. */
export interface CassandraTls {
  /**
   * Authorities to trust; those of this machine if not given.
   *
   * Allowed: PEM text or a path. Environment: `PROSODY_CASSANDRA_TLS_CA`.
   */
  ca?: string | null | undefined;
  /**
   * The client's own certificate.
   *
   * Allowed: PEM text or a path. Condition: with `key`. Environment: `PROSODY_CASSANDRA_TLS_CERT`.
   */
  certificate?: string | null | undefined;
  /**
   * The private key of the client's certificate.
   *
   * Allowed: PEM text or a path. Condition: with `certificate`. Environment: `PROSODY_CASSANDRA_TLS_KEY`.
   */
  key?: string | null | undefined;
}

/**
 * The options of a client.
 *
 * They win over environment variables, which win over defaults. `undefined` counts as not set.
 */
export interface Configuration {
  /**
   * The brokers to ask first. Needed unless `mock`.
   *
   * Allowed: each host:port, the port from 1 to 65,535. Condition: at least 1; any name if `mock`.
   * Environment: `PROSODY_BOOTSTRAP_SERVERS`, then `KAFKA_BROKERS`.
   */
  bootstrapServers?: string | readonly string[] | null | undefined;
  /**
   * An in-process broker and in-memory stores that behave like the real ones. Wins over `cassandraNodes`.
   * Clients with equal `bootstrapServers` within one Node environment share a broker; none given is a name
   * too. Topics come into being on first use, with 4 partitions.
   *
   * Environment: `PROSODY_MOCK`.
   *
   * @defaultValue `false`
   */
  mock?: boolean | undefined;
  /**
   * How brokers name this client in their logs and quotas.
   *
   * Allowed: 1 to 255 characters without control characters. Environment: `PROSODY_CLIENT_ID`, then
   * `KAFKA_CLIENT_ID`.
   */
  clientId?: string | null | undefined;
  /** Encryption and authentication towards Kafka. */
  security?: Security | null | undefined;
  /**
   * librdkafka properties that are passed through. Those that Prosody owns are refused by name.
   *
   * Condition: none of those that Prosody owns.
   *
   * @defaultValue `{}`
   */
  kafka?: Readonly<Record<string, string | number | boolean | undefined>> | null | undefined;
  /**
   * The consumer group. A client without one is a producer.
   *
   * Allowed: 1 to 255 characters without control characters. Environment: `PROSODY_GROUP_ID`, then
   * `KAFKA_CONSUMER_GROUP_ID`.
   */
  groupId?: string | null | undefined;
  /**
   * The topics to read; `^…` is a regular expression.
   *
   * Allowed: each a topic name (1 to 249 of a-z A-Z 0-9 . _ -) or ^ and a valid regular expression.
   * Condition: at least 1. Environment: `PROSODY_SUBSCRIBED_TOPICS`.
   */
  subscribedTopics?: string | readonly string[] | null | undefined;
  /**
   * How members agree on who reads what. `consumer` is KIP-848: session and heartbeat are then the broker's.
   *
   * Environment: `PROSODY_GROUP_PROTOCOL`.
   *
   * @defaultValue `"classic"`
   */
  groupProtocol?: 'classic' | 'consumer' | undefined;
  /**
   * Static membership under this name: a restart within the session moves no partition.
   *
   * Allowed: 1 to 255 characters without control characters. Environment: `PROSODY_GROUP_INSTANCE_ID`.
   */
  groupInstanceId?: string | null | undefined;
  /**
   * Silence after which the broker takes this member for dead.
   *
   * Unit: milliseconds. Allowed: 1ms–1h. Condition: not with `groupProtocol: "consumer"`. Environment:
   * `PROSODY_SESSION_TIMEOUT`.
   *
   * @defaultValue `45000` (45s)
   */
  sessionTimeoutMs?: number | undefined;
  /**
   * Time between two signs of life towards the broker.
   *
   * Unit: milliseconds. Allowed: 1ms–1h. Condition: below `sessionTimeoutMs`; not with `groupProtocol:
   * "consumer"`. Environment: `PROSODY_HEARTBEAT_INTERVAL`.
   *
   * @defaultValue 3 s, at most a third of `sessionTimeoutMs`
   */
  heartbeatIntervalMs?: number | undefined;
  /**
   * Where this process's first assignment starts: `committed` (a new group starts at the earliest record), or
   * `earliest` or `latest` whatever was committed, with a log line for each partition of what is passed over
   * or runs again. The start is committed at once: commits go back by `earliest`. The first assignment is the
   * first one that gives this client a partition; what comes with later ones, after a rebalance or another
   * `subscribe()`, starts where it is committed. So each member that starts moves what it is given first: it
   * is an option for one start, not for a deployment that stays. Known ids are skipped as ever.
   *
   * Environment: `PROSODY_START_FROM`.
   *
   * @defaultValue `"committed"`
   */
  startFrom?: 'committed' | 'earliest' | 'latest' | undefined;
  /**
   * What marks a message as done: the handler's return, or `message.commit()`. With `manual`, a handler that
   * returned frees its slot and its key waits for the mark; a stop or a revocation does not wait for it, and
   * the next owner runs the message again.
   *
   * Environment: `PROSODY_ACK`.
   *
   * @defaultValue `"auto"`
   */
  ack?: 'auto' | 'manual' | undefined;
  /**
   * How failures are treated: `pipeline` retries until success, `low-latency` retries a few times and then
   * uses the failure topic, `best-effort` does not retry.
   *
   * Environment: `PROSODY_MODE`.
   *
   * @defaultValue `"pipeline"`
   */
  mode?: 'pipeline' | 'low-latency' | 'best-effort' | undefined;
  /**
   * Prefixes of the event types to handle; an empty list means all. A message whose type is missing or no
   * string passes.
   *
   * Allowed: each 1 to 255 characters without control characters. Environment: `PROSODY_ALLOWED_EVENTS`.
   *
   * @defaultValue all
   */
  allowedEvents?: string | readonly string[] | null | undefined;
  /**
   * Handler calls open at once.
   *
   * Allowed: 1–65,536. Environment: `PROSODY_MAX_CONCURRENCY`.
   *
   * @defaultValue `32`
   */
  maxConcurrency?: number | undefined;
  /**
   * Per client, records admitted and not yet running; at the bound partitions are not read on.
   *
   * Allowed: 1–1,048,576. Environment: `PROSODY_MAX_UNCOMMITTED`.
   *
   * @defaultValue `64`
   */
  maxUncommitted?: number | undefined;
  /**
   * Per client, key, value and header bytes held, those of running calls included.
   *
   * Unit: bytes. Allowed: 1 MiB–64 GiB. Environment: `PROSODY_MAX_BUFFERED_BYTES`.
   *
   * @defaultValue `67108864` (64 MiB)
   */
  maxBufferedBytes?: number | undefined;
  /**
   * Deadline of a handler call. At the deadline the call is asked to end; it keeps its slot until it does.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Condition: at most `stallThresholdMs`. Environment:
   * `PROSODY_TIMEOUT`.
   *
   * @defaultValue 80 % of `stallThresholdMs`
   */
  timeoutMs?: number | undefined;
  /**
   * Time between two commits of finished offsets.
   *
   * Unit: milliseconds. Allowed: 10ms–1h. Environment: `PROSODY_COMMIT_INTERVAL`.
   *
   * @defaultValue `1000` (1s)
   */
  commitIntervalMs?: number | undefined;
  /**
   * Longest idle wait of the poll loop.
   *
   * Unit: milliseconds. Allowed: 1ms–1m. Environment: `PROSODY_POLL_INTERVAL`.
   *
   * @defaultValue `100` (100ms)
   */
  pollIntervalMs?: number | undefined;
  /** Where a message's id and type are; of several places the first that is there wins. */
  identity?: Identity | undefined;
  /**
   * Processed ids remembered in memory; 0 means no deduplication at all, in memory or store.
   *
   * Allowed: 0–100,000,000. Environment: `PROSODY_IDEMPOTENCE_CACHE_SIZE`.
   *
   * @defaultValue `8192`
   */
  idempotenceCacheSize?: number | undefined;
  /**
   * Changing it forgets what was recorded.
   *
   * Allowed: at most 255 characters without control characters. Environment: `PROSODY_IDEMPOTENCE_VERSION`.
   *
   * @defaultValue `"1"`
   */
  idempotenceVersion?: string | undefined;
  /**
   * How long a store keeps a record of a processed id.
   *
   * Unit: seconds. Allowed: 1s–20y. Environment: `PROSODY_IDEMPOTENCE_TTL`.
   *
   * @defaultValue `604800` (7d)
   */
  idempotenceTtlS?: number | undefined;
  /**
   * Header on sent messages. A consumer skips messages whose header equals its own group id.
   *
   * Allowed: 1 to 255 characters without control characters. Environment: `PROSODY_SOURCE_SYSTEM`.
   *
   * @defaultValue `groupId`
   */
  sourceSystem?: string | null | undefined;
  /**
   * How long a send may take before it rejects.
   *
   * Unit: milliseconds. Allowed: 1ms–1h. Environment: `PROSODY_SEND_TIMEOUT`.
   *
   * @defaultValue `1000` (1s)
   */
  sendTimeoutMs?: number | undefined;
  /**
   * Budget of a drain; signals fire at 80 % of it.
   *
   * Unit: milliseconds. Allowed: 0–1h. Environment: `PROSODY_SHUTDOWN_TIMEOUT`.
   *
   * @defaultValue `30000` (30s)
   */
  shutdownTimeoutMs?: number | undefined;
  /**
   * Longest wait for started calls of a partition that is being taken away.
   *
   * Unit: milliseconds. Allowed: 0–4m. Environment: `PROSODY_REVOKE_TIMEOUT`.
   *
   * @defaultValue `5000` (5s)
   */
  revokeTimeoutMs?: number | undefined;
  /**
   * Work to run and no progress for this long is a stall, and fails `/livez`. From five minutes to a day it
   * is also how long the consumer's thread may stand still before it leaves the group
   * (`max.poll.interval.ms`).
   *
   * Unit: milliseconds. Allowed: 100ms–7d. Environment: `PROSODY_STALL_THRESHOLD`.
   *
   * @defaultValue `300000` (5m)
   */
  stallThresholdMs?: number | undefined;
  /**
   * Port of the health server; 0 means any free port, `null` (`none` in the environment) no server.
   *
   * Allowed: 0–65,535. Environment: `PROSODY_PROBE_PORT`.
   *
   * @defaultValue 8000, none if `mock`
   */
  probePort?: number | null | undefined;
  /**
   * Address the health server listens on; the kubelet calls the pod's address.
   *
   * Allowed: a host name or an IP address. Environment: `PROSODY_PROBE_HOST`.
   *
   * @defaultValue `"0.0.0.0"`
   */
  probeHost?: string | undefined;
  /**
   * Whether the health server also answers `/explain` with what `client.explain()` gives. It shows keys and
   * error texts to whoever can reach the port.
   *
   * Environment: `PROSODY_PROBE_EXPLAIN`.
   *
   * @defaultValue `false`
   */
  probeExplain?: boolean | undefined;
  /**
   * Where dead letters go; `{topic}` in it stands for the source topic.
   *
   * Allowed: a topic name: 1 to 249 of a-z A-Z 0-9 . _ -, with or without \{topic\}. Condition: needed in
   * low-latency mode. Environment: `PROSODY_FAILURE_TOPIC`.
   */
  failureTopic?: string | null | undefined;
  /** In pipeline mode, a transient failure past either bound is dead-lettered. */
  deadLetterAfter?: DeadLetterAfter | null | undefined;
  /**
   * Retries in low-latency mode; attempts are one more.
   *
   * Allowed: 0–1,000,000. Environment: `PROSODY_MAX_RETRIES`.
   *
   * @defaultValue `3`
   */
  maxRetries?: number | undefined;
  /**
   * First ceiling of the exponential backoff; it doubles from retry to retry.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Condition: at most `maxRetryDelayMs`. Environment:
   * `PROSODY_RETRY_BASE`.
   *
   * @defaultValue 20 ms, at most `maxRetryDelayMs`
   */
  retryBaseMs?: number | undefined;
  /**
   * How much of the ceiling is waited: `full` draws evenly from 0 to it, `none` waits all of it. For deferral
   * too.
   *
   * Environment: `PROSODY_RETRY_JITTER`.
   *
   * @defaultValue `"full"`
   */
  retryJitter?: 'full' | 'none' | undefined;
  /**
   * Highest ceiling of the backoff.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Environment: `PROSODY_RETRY_MAX_DELAY`.
   *
   * @defaultValue `300000` (5m)
   */
  maxRetryDelayMs?: number | undefined;
  /**
   * In pipeline mode, park a failed key and let its partition move on.
   *
   * Environment: `PROSODY_DEFER_ENABLED`.
   *
   * @defaultValue `true`
   */
  deferEnabled?: boolean | undefined;
  /**
   * Ceiling before the first deferred retry.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Condition: at most `deferMaxDelayMs`. Environment:
   * `PROSODY_DEFER_BASE`.
   *
   * @defaultValue 1 s, at most `deferMaxDelayMs`
   */
  deferBaseMs?: number | undefined;
  /**
   * Highest ceiling of deferral.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Environment: `PROSODY_DEFER_MAX_DELAY`.
   *
   * @defaultValue `86400000` (24h)
   */
  deferMaxDelayMs?: number | undefined;
  /**
   * Above this share of failing first attempts (per client, at least 20 in the window) the gate closes: new
   * failures are retried in place.
   *
   * Allowed: 0–1. Environment: `PROSODY_DEFER_FAILURE_THRESHOLD`.
   *
   * @defaultValue `0.9`
   */
  deferFailureThreshold?: number | undefined;
  /**
   * Window of that share.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Environment: `PROSODY_DEFER_FAILURE_WINDOW`.
   *
   * @defaultValue `300000` (5m)
   */
  deferFailureWindowMs?: number | undefined;
  /**
   * A key parked for longer than this goes to the durable store, if there is one.
   *
   * Unit: milliseconds. Allowed: 0–1h. Environment: `PROSODY_DEFER_SPILL`.
   *
   * @defaultValue `5000` (5s)
   */
  deferSpillMs?: number | undefined;
  /**
   * Parked keys whose records are kept ready in memory.
   *
   * Allowed: 1–10,000,000. Environment: `PROSODY_DEFER_CACHE_SIZE`.
   *
   * @defaultValue `1024`
   */
  deferCacheSize?: number | undefined;
  /**
   * Cached entries of the park store.
   *
   * Allowed: 0–10,000,000. Environment: `PROSODY_DEFER_STORE_CACHE_SIZE`.
   *
   * @defaultValue `8192`
   */
  deferStoreCacheSize?: number | undefined;
  /**
   * How long reading a record again from Kafka may take.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Environment: `PROSODY_DEFER_SEEK_TIMEOUT`.
   *
   * @defaultValue `30000` (30s)
   */
  deferSeekTimeoutMs?: number | undefined;
  /**
   * Read forward up to this many records rather than seek.
   *
   * Allowed: 0–1,000,000. Environment: `PROSODY_DEFER_DISCARD_THRESHOLD`.
   *
   * @defaultValue `100`
   */
  deferDiscardThreshold?: number | undefined;
  /**
   * In pipeline mode, hold back a key that runs most of the time.
   *
   * Environment: `PROSODY_MONOPOLIZATION_ENABLED`.
   *
   * @defaultValue `true`
   */
  monopolizationEnabled?: boolean | undefined;
  /**
   * Fraction of the window one key may run.
   *
   * Allowed: above 0, at most 1. Environment: `PROSODY_MONOPOLIZATION_THRESHOLD`.
   *
   * @defaultValue `0.9`
   */
  monopolizationThreshold?: number | undefined;
  /**
   * Window of that fraction.
   *
   * Unit: milliseconds. Allowed: 1s–1d. Environment: `PROSODY_MONOPOLIZATION_WINDOW`.
   *
   * @defaultValue `300000` (5m)
   */
  monopolizationWindowMs?: number | undefined;
  /**
   * Keys watched.
   *
   * Allowed: 1–10,000,000. Environment: `PROSODY_MONOPOLIZATION_CACHE_SIZE`.
   *
   * @defaultValue `8192`
   */
  monopolizationCacheSize?: number | undefined;
  /**
   * Share of execution time for retries while fresh work waits.
   *
   * Allowed: 0–1. Environment: `PROSODY_SCHEDULER_FAILURE_WEIGHT`.
   *
   * @defaultValue `0.3`
   */
  schedulerFailureWeight?: number | undefined;
  /**
   * Waiting this long gives full urgency.
   *
   * Unit: milliseconds. Allowed: 1ms–1y. Environment: `PROSODY_SCHEDULER_MAX_WAIT`.
   *
   * @defaultValue `120000` (2m)
   */
  schedulerMaxWaitMs?: number | undefined;
  /**
   * Urgency at full wait, in seconds of virtual time.
   *
   * Allowed: 0–1,000,000. Environment: `PROSODY_SCHEDULER_WAIT_WEIGHT`.
   *
   * @defaultValue `200`
   */
  schedulerWaitWeight?: number | undefined;
  /**
   * Keys whose virtual time is remembered.
   *
   * Allowed: 1–10,000,000. Environment: `PROSODY_SCHEDULER_CACHE_SIZE`.
   *
   * @defaultValue `8192`
   */
  schedulerCacheSize?: number | undefined;
  /**
   * Where timers, parked records and processed ids are kept. `none`: messages, retries and deferral work from
   * Kafka alone, deduplication is in memory, and `schedule()` throws a `TimerError`. `memory`: timers end
   * with the process.
   *
   * Condition: `cassandra` needs `cassandraNodes` and no `mock`. Environment: `PROSODY_STORE`.
   *
   * @defaultValue `memory` if `mock`, else `cassandra` if nodes are given, else `none`
   */
  store?: 'none' | 'memory' | 'cassandra' | undefined;
  /**
   * Time span of one timer storage partition; changing it loses nothing.
   *
   * Unit: milliseconds. Allowed: 1s–30d. Environment: `PROSODY_SLAB_SIZE`.
   *
   * @defaultValue `3600000` (1h)
   */
  slabSizeMs?: number | undefined;
  /**
   * Contact points. Needed for durable timers unless `mock`.
   *
   * Allowed: each host:port, the port from 1 to 65,535. Condition: at least 1. Environment:
   * `PROSODY_CASSANDRA_NODES`.
   */
  cassandraNodes?: string | readonly string[] | null | undefined;
  /**
   * The keyspace.
   *
   * Allowed: a keyspace: a-z, then up to 47 of a-z 0-9 _. Environment: `PROSODY_CASSANDRA_KEYSPACE`.
   *
   * @defaultValue `"prosody"`
   */
  cassandraKeyspace?: string | undefined;
  /**
   * User name.
   *
   * Allowed: 1 to 255 characters without control characters. Condition: with `cassandraPassword`.
   * Environment: `PROSODY_CASSANDRA_USER`.
   */
  cassandraUser?: string | null | undefined;
  /**
   * Password.
   *
   * Condition: with `cassandraUser`. Environment: `PROSODY_CASSANDRA_PASSWORD`.
   */
  cassandraPassword?: string | null | undefined;
  /**
   * Datacenter preferred for all queries.
   *
   * Allowed: 1 to 255 characters without control characters. Environment: `PROSODY_CASSANDRA_DATACENTER`.
   */
  cassandraDatacenter?: string | null | undefined;
  /**
   * Rack preferred for all queries.
   *
   * Allowed: 1 to 255 characters without control characters. Environment: `PROSODY_CASSANDRA_RACK`.
   */
  cassandraRack?: string | null | undefined;
  /**
   * How long a row is kept after it was due or done; parked records have no expiry.
   *
   * Unit: seconds. Allowed: 1s–20y. Environment: `PROSODY_CASSANDRA_RETENTION`.
   *
   * @defaultValue `31536000` (1y)
   */
  cassandraRetentionSeconds?: number | undefined;
  /** Encryption towards Cassandra; `{}` trusts the authorities of this machine. */
  cassandraTls?: CassandraTls | null | undefined;
  /**
   * How a message's handler span relates to the sender's span: a child of it, or a new root with a link.
   *
   * Environment: `PROSODY_MESSAGE_SPANS`.
   *
   * @defaultValue `"child"`
   */
  messageSpans?: 'child' | 'follows_from' | undefined;
  /**
   * How a timer's handler span relates to the span that scheduled it.
   *
   * Environment: `PROSODY_TIMER_SPANS`.
   *
   * @defaultValue `"follows_from"`
   */
  timerSpans?: 'child' | 'follows_from' | undefined;
  /**
   * Lifecycle events to a Kafka topic. A missing topic warns once; drops are counted.
   *
   * Environment: `PROSODY_TELEMETRY_ENABLED`.
   *
   * @defaultValue `true`
   */
  telemetryEnabled?: boolean | undefined;
  /**
   * The topic of lifecycle events.
   *
   * Allowed: a topic name: 1 to 249 of a-z A-Z 0-9 . _ -. Environment: `PROSODY_TELEMETRY_TOPIC`.
   *
   * @defaultValue `"prosody.telemetry-events"`
   */
  telemetryTopic?: string | undefined;
}
