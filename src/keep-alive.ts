import { clearInterval, setInterval } from 'node:timers';

// The longest interval that Node knows, about 25 days: it is there to be referenced, not to fire.
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive while somebody holds it. The native callbacks are weak on purpose, so that an idle producer
 * does not keep Node running; a running consumer and an unanswered send do.
 */
export class KeepAlive {
  private holders = 0;
  private handle: NodeJS.Timeout | undefined;
  private closed = false;

  hold(): void {
    if (this.closed || this.holders++ > 0) return;
    if (this.handle) this.handle.ref();
    else this.handle = setInterval(() => undefined, LONGEST_MS);
  }

  release(): void {
    if (!this.closed && --this.holders === 0) this.handle?.unref();
  }

  /** Whether somebody holds it now. */
  get held(): boolean {
    return this.holders > 0;
  }

  /** Drops the handle for good; from now on holding it does nothing. */
  close(): void {
    this.closed = true;
    if (this.handle) clearInterval(this.handle);
    this.handle = undefined;
    this.holders = 0;
  }
}
