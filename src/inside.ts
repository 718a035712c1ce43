/** Runs a handler and settles its call; its name is what {@link insideCall} looks for. */
export type NamedCall<A extends unknown[]> = (...args: A) => Promise<void>;

const STACK_LIMIT = 200;
let named = 0;

/** A name for the calls of one dispatcher. */
export function callName(): string {
  named += 1;
  return `prosody handler call of client ${named}`;
}

/**
 * Whether the code that runs now was called by a function of that name, across any number of awaits.
 *
 * Asked of the stack, which V8 continues over awaits, because it costs nothing until somebody asks: an
 * `AsyncLocalStorage` costs every handler call 150 ns on Node 20 and 400 ns on Node 24. A callback that was detached from
 * its handler (a bare `setTimeout`) is not inside.
 */
export function insideCall(name: string): boolean {
  const { stackTraceLimit } = Error;
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  try {
    Error.stackTraceLimit = STACK_LIMIT;
    Error.prepareStackTrace = (_error, sites) => sites;
    const sites = new Error('where am I').stack as unknown as NodeJS.CallSite[];
    return sites.some((site) => site.getFunctionName() === name);
  } catch {
    // Somebody froze Error: then nobody is inside, and unsubscribe takes the time that a drain may take.
    return false;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (before) Object.defineProperty(Error, 'prepareStackTrace', before);
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  }
}
