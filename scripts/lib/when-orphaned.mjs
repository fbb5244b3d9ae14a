const pollIntervalMs = 500;

/**
 * Calls back once when npm, which ran us, is gone without having told us. Run by hand we may outlive our parent: a shell
 * that has started us in the background.
 */
export function whenOrphaned(callback) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, pollIntervalMs);
  timer.unref();
}
