/** Server-sent events as a line on which messages come: they pass where WebSockets do not. */

export class EventLine {
  static isThere = "EventSource" in window;
  #source;

  /** `onMessage(message)` is called with each message as an object, `onEnd()` when there will be no more. */
  constructor(url, { onMessage, onEnd }) {
    this.#source = new EventSource(url);
    this.#source.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)));
    this.#source.addEventListener("close", onEnd);
    // It would come back by itself; but when, and by which line, is for the one to say who has opened it.
    this.#source.addEventListener("error", onEnd);
  }

  close() {
    this.#source.close();
  }
}
