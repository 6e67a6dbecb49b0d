import { abortable } from "./abortable.js";

/** Resolves after so many milliseconds; rejects with the signal's reason when aborted before. */
export function pause(milliseconds, signal) {
  return abortable(signal, (resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    return () => clearTimeout(timer);
  });
}
