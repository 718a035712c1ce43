/** Something that ends early when a signal aborts. */
export interface Abortable {
  aborted(reason: unknown): void;
}

interface Watch {
  readonly targets: Set<Abortable>;
  readonly listener: () => void;
}

/**
 * One listener a signal, however many sends share it: Node warns of a leak at the eleventh listener of a signal, and a
 * listener that stays behind would be one.
 */
export class AbortWatch {
  // Bound: signals with a send under way; the last send of a signal removes its entry.
  private readonly watches = new Map<AbortSignal, Watch>();

  add(signal: AbortSignal, target: Abortable): void {
    let watch = this.watches.get(signal);
    if (!watch) {
      watch = this.listen(signal);
      this.watches.set(signal, watch);
    }
    watch.targets.add(target);
  }

  remove(signal: AbortSignal, target: Abortable): void {
    const watch = this.watches.get(signal);
    if (!watch?.targets.delete(target) || watch.targets.size > 0) return;
    this.watches.delete(signal);
    signal.removeEventListener('abort', watch.listener);
  }

  private listen(signal: AbortSignal): Watch {
    const targets = new Set<Abortable>();
    const listener = (): void => {
      this.watches.delete(signal);
      for (const target of targets) target.aborted(signal.reason);
    };
    signal.addEventListener('abort', listener, { once: true });
    return { targets, listener };
  }
}
