import {
  ClosedError,
  ConfigurationError,
  ProsodyError,
  SendError,
  TimerError,
  type ConfigurationProblem,
  type ProsodyErrorOptions,
} from './errors.js';

type ErrorClass = new (message: string, options: ProsodyErrorOptions) => ProsodyError;

interface NativeFault {
  code?: unknown;
  message?: unknown;
  retryable?: unknown;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error of a fault as the native side writes it; its code decides the class, unless one is given. */
export function errorOfFault(fault: NativeFault, given?: ErrorClass): ProsodyError {
  const code = typeof fault.code === 'string' ? fault.code : 'UNKNOWN';
  const message = typeof fault.message === 'string' ? fault.message : code;
  return new (given ?? classOf(code))(message, { code, retryable: fault.retryable === true });
}

function classOf(code: string): ErrorClass {
  if (code === 'CLOSED') return ClosedError;
  if (code.startsWith('TIMER')) return TimerError;
  if (code.startsWith('SEND')) return SendError;
  return ProsodyError;
}

/** The typed form of what a native call threw; anything that is no native error is given back as it is. */
export function fromNative(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProsodyError) return thrown;
  const fault = parsed(thrown.message);
  if (Array.isArray(fault)) return new ConfigurationError(fault as ConfigurationProblem[]);
  if (typeof fault !== 'object' || fault === null) return thrown;
  return errorOfFault(fault);
}

/** The error of a report row. */
export function sendErrorOf(json: string): ProsodyError {
  const fault = parsed(json);
  if (typeof fault !== 'object' || fault === null)
    return new SendError('the record was not sent', { code: 'UNKNOWN' });
  return errorOfFault(fault, (fault as NativeFault).code === 'CLOSED' ? ClosedError : SendError);
}
