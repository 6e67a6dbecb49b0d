/** The one live connection of the page: opened, and opened again whenever it is lost. */

import { EventLine } from "./event_line.js";
import { SocketLine } from "./socket_line.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
// After so long a silence a connection that looks open may be dead: a closed lid sends no farewell.
const SILENCE_MS = 45_000;
// A proxy may let everything through but WebSockets: from then on the kinds of lines take turns.
const TURNS_AFTER_FAILURES = 2;
// Or it collects what it should pass on.
const SHUT_AFTER_FAILURES = 3;

export class Live {
  #ways;
  #line = null;
  #isHeard = false;
  #after = null;
  #timer = null;
  #failures = 0;
  #lastHeard = 0;
  #stopped = new AbortController();

  /**
   * `socketUrl` and `eventsUrl` are where a WebSocket and server-sent events tell of the batch; what the first
   * of them cannot do is left to the other. `onConnect()` is called before each connect, `onMessage(message)`
   * with every message as an object: first a snapshot, and after a reconnect maybe only what was missed.
   * `onState` is told "live", "reconnecting", and "shut" when nothing was heard several times in a row.
   */
  constructor({ socketUrl, eventsUrl, batchId, onConnect, onMessage, onState }) {
    Object.assign(this, { batchId, onConnect, onMessage, onState });
    const ways = [
      { Line: SocketLine, path: socketUrl },
      { Line: EventLine, path: eventsUrl },
    ];
    this.#ways = ways.filter(({ Line }) => Line.isThere);
  }

  /** Connect, and stay connected while the page lives, or until it is stopped. */
  start() {
    const { signal } = this.#stopped;
    window.addEventListener("online", () => this.#reconnectNow(), { signal });
    window.addEventListener("offline", () => this.#lost(this.#line), { signal });
    const onShown = () => {
      if (!document.hidden && Date.now() - this.#lastHeard > SILENCE_MS) this.#reconnectNow();
    };
    document.addEventListener("visibilitychange", onShown, { signal });
    // A page that goes into the back/forward cache must not hold a connection; it comes back by pageshow.
    window.addEventListener("pagehide", () => this.#drop(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#reconnectNow(), { signal });
    this.#connect();
  }

  /** Let go of the connection for good. */
  stop() {
    this.#stopped.abort();
    this.#drop();
  }

  #connect() {
    this.onConnect();
    const way = this.#nextWay();
    const line = new way.Line(this.#url(way.path), {
      onMessage: (message) => line === this.#line && this.#heard(message, way),
      onEnd: () => this.#lost(line),
    });
    this.#line = line;
  }

  /** The first is the one by which something was heard last. */
  #nextWay() {
    const turns = Math.max(0, this.#failures + 1 - TURNS_AFTER_FAILURES);
    return this.#ways[turns % this.#ways.length];
  }

  /** Who has been told something before says up to where, and is told what came after. */
  #url(path) {
    const url = new URL(path, location.href);
    url.searchParams.set("batch", this.batchId);
    if (this.#after !== null) url.searchParams.set("after", this.#after);
    return url.href;
  }

  #heard(message, way) {
    this.#lastHeard = Date.now();
    if (!this.#isHeard) this.#opened(way);
    this.#after = message.id ?? this.#after;
    this.onMessage(message);
  }

  #opened(way) {
    this.#isHeard = true;
    this.#failures = 0;
    this.#ways = [way, ...this.#ways.filter((other) => other !== way)];
    this.onState("live");
  }

  /** Why it ended makes no difference: too slow, server stopping, no network are all cured by coming back. */
  #lost(line) {
    if (line === null || line !== this.#line) return;
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
    const line = this.#line;
    this.#line = null;
    this.#isHeard = false;
    line?.close();
  }
}
