/** Resolves after so many milliseconds; rejects with the signal's reason when aborted before. */
export function pause(milliseconds, signal) {
  let onAbort = null;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort);
  }).finally(() => signal.removeEventListener("abort", onAbort));
}
