/**
 * As `new Promise(begin)`, of work that can be given up: when the signal is aborted the promise rejects with its
 * reason, and the function that `begin` has returned is called to end the work. With a signal that is aborted
 * already nothing is begun.
 */
export function abortable(signal, begin) {
  let onAbort = null;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = begin(resolve);
    onAbort = () => {
      // First, since ending the work may itself resolve it as work that has failed.
      reject(signal.reason);
      end();
    };
    signal.addEventListener("abort", onAbort);
    // The signal may be that of many files, and outlive this one.
  }).finally(() => signal.removeEventListener("abort", onAbort));
}
