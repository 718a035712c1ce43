/**
 * Resolves when everything that was to be exported has left this process. This release exports nothing, so that it has
 * nothing to wait for.
 */
export function flushTelemetry(): Promise<void> {
  return Promise.resolve();
}

/** Flushes and ends the export; to be called once, at the end of the process. This release exports nothing. */
export function shutdownTelemetry(): Promise<void> {
  return Promise.resolve();
}
