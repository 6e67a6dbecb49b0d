/** The last minute of the rate, as a line. */

const SECONDS = 60;
const STEP_MS = 1000;
const WIDTH = 120;
const HEIGHT = 28;
const MARGIN = 2;

export class RateHistory {
  #samples = [];

  constructor(svg) {
    this.line = svg.querySelector("polyline");
  }

  /** Add the rate of this moment and draw. */
  add(rate) {
    const now = performance.now();
    const last = this.#samples.at(-1);
    // News comes only when something has changed: up to now the rate was what it was.
    if (last && now - last.at > STEP_MS) this.#samples.push({ at: now - STEP_MS, rate: last.rate });
    this.#samples = this.#samples.filter(({ at }) => now - at < SECONDS * 1000);
    this.#samples.push({ at: now, rate });
    this.line.setAttribute("points", this.#points(now));
  }

  #points(now) {
    const highest = Math.max(1, ...this.#samples.map(({ rate }) => rate));
    const points = this.#samples.map(({ at, rate }) => {
      const x = WIDTH * (1 - (now - at) / (SECONDS * 1000));
      const y = HEIGHT - MARGIN - (rate / highest) * (HEIGHT - 2 * MARGIN);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    return points.join(" ");
  }
}
