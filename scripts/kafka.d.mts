export interface KafkaOptions {
  /** Also listen with SASL_SSL; `all`: and on the further listeners of scripts/kafka. */
  sasl?: boolean | 'all';
  /** Three brokers instead of one. */
  cluster?: boolean;
  /** `full` for benchmarks. */
  jit?: 'quick' | 'full';
  /** Further broker properties, which win over ours. */
  extra?: string | Record<string, string | number>;
  /** Data folder that outlives `stop`; default a new one that `stop` removes. */
  dir?: string;
  /** First port; default free ones. */
  port?: number;
  /** Default true: the broker ends when this process does. */
  owned?: boolean;
  /** Print nothing. */
  quiet?: boolean;
}

export interface Kafka {
  readonly dir: string;
  readonly bootstrapServers: string;
  readonly saslBootstrapServers: string | undefined;
  readonly caFile: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly saslPlaintextBootstrapServers: string | undefined;
  readonly expiredBootstrapServers: string | undefined;
  readonly otherHostBootstrapServers: string | undefined;
  readonly mutualBootstrapServers: string | undefined;
  logFile(node?: number): string;
  kill(node?: number): Promise<string>;
  freeze(node?: number): Promise<string>;
  thaw(node?: number): Promise<string>;
  start(node?: number): Promise<string>;
  halt(node?: number): Promise<string>;
  restart(node?: number): Promise<void>;
  stop(): Promise<void>;
}

export function startKafka(options?: KafkaOptions): Promise<Kafka>;
