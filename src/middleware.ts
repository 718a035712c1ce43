import { CallContext } from './context.js';
import { PermanentError } from './errors.js';
import type { Context, Handler, Message, Middleware, Next, Timer } from './handler.js';
import { HANDLES_MESSAGES, HANDLES_TIMERS } from './layout.js';
import { wantsSignal } from './signature.js';
import { show } from './text.js';

/** One handler method with everything that is around it. */
export interface Entry {
  readonly invoke: (context: Context, event: Message | Timer, signal?: AbortSignal) => unknown;
  readonly wantsSignal: boolean;
}

/** A handler made ready for dispatch. */
export interface Entries {
  readonly onMessage: Entry;
  readonly onTimer: Entry;
  /** Which methods there are, as `subscribe` of the native side takes it. */
  readonly handles: number;
}

type MethodName = 'onMessage' | 'onTimer';
type Method = (this: unknown, context: Context, event: Message | Timer, signal?: AbortSignal) => unknown;

/**
 * Looks up the methods of a handler and puts the middlewares around them, the first one outermost.
 *
 * Errors: a `TypeError` if the handler is no object, has neither method or something else in their place, or if a
 * middleware does not return a function.
 */
export function prepareHandler<P>(handler: Handler<P>, middlewares: readonly Middleware[]): Entries {
  if ((typeof handler !== 'object' && typeof handler !== 'function') || (handler as unknown) === null) {
    throw new TypeError(`the handler is ${show(handler)}: pass an object with onMessage, onTimer or both`);
  }
  const onMessage = methodOf(handler, 'onMessage');
  const onTimer = methodOf(handler, 'onTimer');
  if (!onMessage && !onTimer)
    throw new TypeError('the handler has neither an onMessage nor an onTimer method');
  return {
    onMessage: entry(handler, 'onMessage', onMessage, middlewares),
    onTimer: entry(handler, 'onTimer', onTimer, middlewares),
    handles: (onMessage ? HANDLES_MESSAGES : 0) | (onTimer ? HANDLES_TIMERS : 0),
  };
}

function methodOf(handler: object, name: MethodName): Method | undefined {
  const method = (handler as Record<string, unknown>)[name];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== 'function')
    throw new TypeError(`${name} of the handler is ${show(method)}, not a function`);
  return method as Method;
}

function entry(
  handler: object,
  name: MethodName,
  method: Method | undefined,
  middlewares: readonly Middleware[],
): Entry {
  if (!method) return { invoke: missing(name), wantsSignal: false };
  const handlerWants = wantsSignal(method);
  if (middlewares.length === 0) {
    const invoke: Entry['invoke'] = handlerWants
      ? (context, event, signal) => method.call(handler, context, event, signal)
      : (context, event) => method.call(handler, context, event);
    return { invoke, wantsSignal: handlerWants };
  }
  let next: Next = handlerWants
    ? (context, event, signal: AbortSignal | undefined) =>
        method.call(handler, context, event, signal ?? signalOf(context))
    : (context, event) => method.call(handler, context, event);
  let anyWants = handlerWants;
  for (const middleware of middlewares.toReversed()) {
    const outer: unknown = middleware(next);
    if (typeof outer !== 'function')
      throw new TypeError(`a middleware returned ${show(outer)}, not a function`);
    next = outer as Next;
    anyWants ||= wantsSignal(outer);
  }
  return { invoke: next as Entry['invoke'], wantsSignal: anyWants };
}

// A middleware that passes on two arguments does not take the signal from a handler that declares three.
function signalOf(context: Context): AbortSignal | undefined {
  return context instanceof CallContext ? context.signal : undefined;
}

function missing(name: MethodName): Entry['invoke'] {
  const event = name === 'onMessage' ? 'message' : 'timer';
  return () => {
    throw new PermanentError(`the handler has no ${name} method for this ${event}`, { code: 'NO_HANDLER' });
  };
}
