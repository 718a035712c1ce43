import { describe, expect, it } from 'vitest';
import { type Handler, type Message, ProsodyClient, ProsodyError } from '../../src/index.js';
import { FakeNative, turn } from './fake-native.js';
import { lines, withFakeNative } from './support.js';

withFakeNative();

const SUCCESS = 0;
const TRANSIENT = 1;
const UNMARKED = 3;
const MARKED = 4;

/** A subscribed client in manual mode, and the messages that its handler is given. */
async function manual(
  onMessage: (message: Message) => unknown = () => undefined,
): Promise<{ client: ProsodyClient; native: FakeNative; messages: Message[]; codes: () => number[] }> {
  const messages: Message[] = [];
  const handler: Handler = {
    onMessage: (_context, message) => {
      messages.push(message);
      return onMessage(message) as Promise<void>;
    },
  };
  FakeNative.settings = { ack: 'manual' };
  try {
    const client = new ProsodyClient({ groupId: 'billing', ack: 'manual' });
    await client.subscribe(handler);
    const native = FakeNative.last;
    return { client, native, messages, codes: () => native.outcomes.map(({ code }) => code) };
  } finally {
    FakeNative.settings = {};
  }
}

describe('with ack: manual', () => {
  it('a_return_without_a_commit_leaves_the_message_unmarked_and_the_commit_marks_it_once', async () => {
    const { native, messages, codes } = await manual();
    native.deliver({ kind: 'message', index: 5, generation: 9 });
    await turn();
    expect(codes()).toEqual([UNMARKED]);
    messages[0]!.commit();
    messages[0]!.commit();
    await turn();
    messages[0]!.commit();
    await turn();
    expect(native.outcomes.slice(1)).toEqual([{ index: 5, generation: 9, code: MARKED }]);
  });

  it('a_commit_before_the_return_makes_that_a_success', async () => {
    const { native, messages, codes } = await manual((message) => {
      message.commit();
    });
    native.deliver({ kind: 'message' });
    await turn();
    messages[0]!.commit();
    await turn();
    expect(codes()).toEqual([SUCCESS]);
  });

  it('a_throw_after_a_commit_is_a_failure_and_the_message_of_that_attempt_marks_nothing', async () => {
    const { native, messages, codes } = await manual((message) => {
      message.commit();
      throw new Error('no');
    });
    native.deliver({ kind: 'message' });
    await turn();
    messages[0]!.commit();
    await turn();
    expect(codes()).toEqual([TRANSIENT]);
  });

  it('commits_of_one_turn_cross_together', async () => {
    const { native, messages } = await manual();
    native.deliver(...Array.from({ length: 20 }, (_, index) => ({ kind: 'message' as const, index })));
    await turn();
    const before = native.settled.length;
    for (const message of messages) message.commit();
    await turn();
    expect(native.settled.slice(before).map((batch) => batch.length)).toEqual([20]);
  });

  it('what_was_committed_crosses_before_an_unsubscribe', async () => {
    const { client, native, messages } = await manual();
    native.deliver({ kind: 'message' });
    await turn();
    let crossed: number[] = [];
    native.onUnsubscribe = () => {
      crossed = native.outcomes.map(({ code }) => code);
      return Promise.resolve();
    };
    messages[0]!.commit();
    await client.unsubscribe();
    expect(crossed).toEqual([UNMARKED, MARKED]);
  });

  it('a_message_may_be_kept_and_read_after_its_commit', async () => {
    const { native, messages } = await manual();
    native.deliver({ kind: 'message', offset: 7, value: '{"a":1}' });
    await turn();
    messages[0]!.commit();
    await turn();
    expect(messages[0]!.toJSON()).toMatchObject({ offset: 7, payload: { a: 1 } });
    expect(JSON.stringify(messages[0])).not.toContain('mark');
  });
});

it('a_commit_with_ack_auto_names_the_option_and_changes_nothing', async () => {
  const errors: unknown[] = [];
  const client = new ProsodyClient({ groupId: 'billing' });
  await client.subscribe({
    onMessage: (_context, message) => {
      try {
        message.commit();
      } catch (error) {
        errors.push(error);
      }
    },
  });
  const native = FakeNative.last;
  native.deliver({ kind: 'message' });
  await turn();
  expect(errors[0]).toBeInstanceOf(ProsodyError);
  expect(errors[0]).toMatchObject({ code: 'ACK_AUTO', message: expect.stringContaining("ack: 'manual'") });
  expect(native.outcomes.map(({ code }) => code)).toEqual([SUCCESS]);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});
