/** A WebSocket as a line on which messages come. */

export class SocketLine {
  static isThere = "WebSocket" in window;
  #socket;

  /** `onMessage(message)` is called with each message as an object, `onEnd()` when there will be no more. */
  constructor(url, { onMessage, onEnd }) {
    const address = new URL(url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(address.href);
    this.#socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)));
    this.#socket.addEventListener("close", onEnd);
  }

  close() {
    this.#socket.close();
  }
}
