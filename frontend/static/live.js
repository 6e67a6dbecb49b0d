/** The one WebSocket of the page: opened, and opened again whenever it is lost. */

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
// After so long a silence a connection that looks open may be dead: a closed lid sends no farewell.
const SILENCE_MS = 45_000;
// A proxy may let everything through but WebSockets.
const SHUT_AFTER_FAILURES = 3;

export class Live {
  #socket = null;
  #timer = null;
  #failures = 0;
  #lastHeard = 0;

  /**
   * `onConnect()` is called before each connect, `onMessage(message)` with every message as an object, the
   * first of which is a snapshot. `onState` is told "live", "reconnecting", and "shut" when there has been no
   * snapshot several times in a row.
   */
  constructor({ url, onConnect, onMessage, onState }) {
    Object.assign(this, { url, onConnect, onMessage, onState });
  }

  /** Connect, and stay connected while the page lives. */
  start() {
    window.addEventListener("online", () => this.#reconnectNow());
    window.addEventListener("offline", () => this.#lost(this.#socket));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && Date.now() - this.#lastHeard > SILENCE_MS) this.#reconnectNow();
    });
    // A page that goes into the back/forward cache must not hold a connection; it comes back by pageshow.
    window.addEventListener("pagehide", () => this.#drop());
    window.addEventListener("pageshow", (event) => event.persisted && this.#reconnectNow());
    this.#connect();
  }

  #connect() {
    this.onConnect();
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#heard(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => this.#lost(socket));
  }

  #heard(message) {
    this.#lastHeard = Date.now();
    if (message.type === "snapshot") {
      this.#failures = 0;
      this.onState("live");
    }
    this.onMessage(message);
  }

  /** Why it closed makes no difference: too slow, server stopping, no network are all cured by a snapshot. */
  #lost(socket) {
    if (socket === null || socket !== this.#socket) return;
    this.#drop();
    if (this.#failures === 0) this.onState("reconnecting");
    this.#timer = setTimeout(() => this.#connect(), this.#delay());
    this.#failures += 1;
    if (this.#failures === SHUT_AFTER_FAILURES) this.onState("shut");
  }

  /** Twice as long after each failure, and never at the same moment as everyone else. */
  #delay() {
    const longest = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    return Math.max(FIRST_DELAY_MS, longest * (0.5 + Math.random() / 2));
  }

  #reconnectNow() {
    this.#drop();
    this.onState("reconnecting");
    this.#failures = 0;
    this.#connect();
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

/** The address of the live connection for a batch, next to the page's own address. */
export function liveUrl(path, batchId) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("batch", batchId);
  return url.href;
}
