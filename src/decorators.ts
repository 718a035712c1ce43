import { show } from './text.js';

type ErrorClass = abstract new (...args: never[]) => unknown;
type Category = 'permanent' | 'transient';
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any method may be decorated
type Method = (this: any, ...args: any[]) => any;

/** A method decorator of both dialects: the standard one and TypeScript's `experimentalDecorators`. */
export interface HandlerDecorator {
  <M extends Method>(method: M, context: ClassMethodDecoratorContext): M;
  (target: object, name: string | symbol, descriptor: PropertyDescriptor): void;
}

interface Mark {
  category: Category;
  /** How many classes lie between the error's own and the one that was named. */
  distance: number;
}

// Entries go with their errors; weak, and not a property, because an error may be frozen.
const marks = new WeakMap<object, Mark>();

/** On a wrapper: the function that it wraps, whose parameters say whether a signal is wanted. */
export const WRAPPED: unique symbol = Symbol.for('@prosody-events/prosody/wrapped') as never;

/**
 * Errors of these classes that leave the method are permanent: the event is disposed of and not retried.
 *
 * Order: if decorators disagree about an error, the one that names the nearer class wins, and of two that name the same
 * class the outer one.
 *
 * @example
 * class Orders {
 *   \@permanent(TypeError, InvalidOrder)
 *   async onMessage(context, message) {}
 * }
 */
export function permanent(...classes: ErrorClass[]): HandlerDecorator {
  return decorator('permanent', classes);
}

/** Errors of these classes that leave the method are transient, even if they are permanent elsewhere. */
export function transient(...classes: ErrorClass[]): HandlerDecorator {
  return decorator('transient', classes);
}

/** What a decorator made of this error, if one did. */
export function decoratedAs(error: object): Category | undefined {
  return marks.get(error)?.category;
}

function decorator(category: Category, classes: readonly ErrorClass[]): HandlerDecorator {
  for (const named of classes) {
    if (typeof named !== 'function')
      throw new TypeError(`@${category} takes classes of errors, not ${show(named)}`);
  }
  const decorate = (target: unknown, context: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (descriptor) {
      const method: unknown = descriptor.value;
      if (typeof method !== 'function')
        throw new TypeError(`@${category} decorates methods; ${show(context)} is none`);
      descriptor.value = wrap(method as Method, category, classes);
      return undefined;
    }
    if (typeof target !== 'function' || (context as { kind?: unknown } | undefined)?.kind !== 'method') {
      throw new TypeError(`@${category} decorates methods only`);
    }
    return wrap(target as Method, category, classes);
  };
  return decorate as HandlerDecorator;
}

function wrap(method: Method, category: Category, classes: readonly ErrorClass[]): Method {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    let result: unknown;
    try {
      result = method.apply(this, args);
    } catch (error) {
      mark(error, category, classes);
      throw error;
    }
    return result instanceof Promise ? watch(result, category, classes) : result;
  };
  Object.defineProperty(wrapper, 'name', { value: method.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: method.length, configurable: true });
  Object.defineProperty(wrapper, WRAPPED, { value: method });
  return wrapper;
}

async function watch(
  promise: Promise<unknown>,
  category: Category,
  classes: readonly ErrorClass[],
): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    mark(error, category, classes);
    throw error;
  }
}

function mark(error: unknown, category: Category, classes: readonly ErrorClass[]): void {
  if (typeof error !== 'object' || error === null) return;
  const distance = Math.min(...classes.map((named) => distanceTo(error, named)));
  const known = marks.get(error);
  if (distance < Infinity && !(known && known.distance < distance)) marks.set(error, { category, distance });
}

function distanceTo(error: object, named: ErrorClass): number {
  try {
    let distance = 0;
    let at: unknown = Object.getPrototypeOf(error);
    while (at !== null && at !== undefined) {
      if (at === named.prototype) return distance;
      distance += 1;
      at = Object.getPrototypeOf(at);
    }
    // A class may have its own idea of its instances; that is farther than any class of the chain.
    return error instanceof named ? Number.MAX_SAFE_INTEGER : Infinity;
  } catch {
    return Infinity;
  }
}
