import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/classify.js';
import { type Context, type Message, permanent, PermanentError, transient } from '../../src/index.js';

class Invalid extends Error {}
class Worse extends Invalid {}

type Thrower = (error: unknown) => unknown;

/** The code with which an error leaves a method, thrown or rejected. */
async function codeOf(method: Thrower, error: unknown): Promise<number> {
  try {
    await method(error);
  } catch (thrown) {
    expect(thrown).toBe(error);
    return classify(thrown).code;
  }
  return 0;
}

const CLASS = `
  class Handlers {
    name = 'this';
    @permanent(Invalid) sync(error) { if (error) throw error; return this.name; }
    @permanent(Invalid) async promised(error) { await null; if (error) throw error; return this.name; }
    @transient(PermanentError) async retried(error) { throw error; }
    @transient(Worse) @permanent(Invalid) async outer(error) { throw error; }
    @permanent(Invalid) @transient(Worse) async inner(error) { throw error; }
    @transient(Invalid) @permanent(Invalid) async same(error) { throw error; }
  }
  return new Handlers();`;

function handlers(experimentalDecorators: boolean): Record<string, Thrower> {
  const { outputText } = ts.transpileModule(CLASS, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, experimentalDecorators },
  });
  const names = { permanent, transient, Invalid, Worse, PermanentError };
  const made = new Function(...Object.keys(names), outputText) as (
    ...all: unknown[]
  ) => Record<string, Thrower>;
  const instance = made(...Object.values(names));
  return new Proxy(instance, { get: (target, name) => target[name as string]!.bind(target) });
}

describe.each([
  ['standard', false],
  ['legacy', true],
])('%s_decorators', (_dialect, experimentalDecorators) => {
  const methods = handlers(experimentalDecorators);

  it.each<[string, unknown, number]>([
    ['sync', new Invalid(), 2],
    ['sync', new Worse(), 2],
    ['sync', new Error(), 1],
    ['sync', 'text', 1],
    ['sync', Object.freeze(new Invalid()), 2],
    ['promised', new Invalid(), 2],
    ['promised', new Error(), 1],
    ['retried', new PermanentError(), 1],
    ['outer', new Worse(), 1],
    ['outer', new Invalid(), 2],
    ['inner', new Worse(), 1],
    ['inner', new Invalid(), 2],
    ['same', new Invalid(), 1],
  ])('of %s judge %s as %d', async (method, error, code) => {
    expect(await codeOf(methods[method]!, error)).toBe(code);
  });

  it('keep_this_and_the_result', async () => {
    expect(methods.sync!(undefined)).toBe('this');
    expect(await methods.promised!(undefined)).toBe('this');
  });
});

describe('decorators', () => {
  it('fit_the_methods_of_a_handler_in_the_types', async () => {
    class Orders {
      @permanent(TypeError, RangeError)
      async onMessage(_context: Context, message: Message<{ id: string }>): Promise<string> {
        return message.payload.id;
      }
    }
    const one = { payload: { id: '1' } } as Message<{ id: string }>;
    expect(await new Orders().onMessage({} as Context, one)).toBe('1');
  });

  it('refuse_what_they_cannot_decorate', () => {
    expect(() => permanent('x' as never)).toThrow('"x"');
    expect(() => permanent(Error)({} as never, 'field', { value: 1 })).toThrow('"field" is none');
    expect(() => permanent(Error)(undefined as never, { kind: 'field' } as never)).toThrow('methods only');
  });

  it('understand_classes_with_their_own_idea_of_instances', async () => {
    class Coded extends Error {
      static override [Symbol.hasInstance](value: unknown): boolean {
        return (value as { code?: string }).code === 'E';
      }
    }
    const method = permanent(Coded)(
      ((error: unknown) => {
        throw error;
      }) as Thrower,
      { kind: 'method' } as never,
    );
    expect(await codeOf(method, Object.assign(new Error(), { code: 'E' }))).toBe(2);
    expect(await codeOf(method, new Error())).toBe(1);
  });
});
