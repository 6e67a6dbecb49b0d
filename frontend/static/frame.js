/** Painting at the screen's pace, and once a second while nobody looks. */

const HIDDEN_MS = 1000;

/** A function that has `paint` called soon, once however often it is asked. */
export function onceAFrame(paint) {
  let frame = null;
  let timer = null;
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = null;
    paint();
  };
  return () => {
    if (frame !== null) return;
    frame = requestAnimationFrame(run);
    // A hidden tab gets no frames, but its title goes on counting.
    timer = setTimeout(run, HIDDEN_MS);
  };
}
