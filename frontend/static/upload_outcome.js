/** What a server's answer means for a file that was sent. Pure. */

/** The code of an answer to who has sent as much as he may in a minute. */
export const TOO_MANY_REQUESTS = "rate_limited";

const LONGEST_WAIT_S = 60;
const UNAUTHORIZED = 401;
// It was sent too slowly, or too much was sent in a minute: the file is not to blame.
const PASSING = new Set([408, 423, 429]);
const WAITED_FOR = new Set([429, 503]);
const SIGNED_OUT = "You are not signed in any more. Sign in on another tab, and press Retry here.";

/**
 * The outcome, as of `sendFile`, of an answer that has this status (0: there was none) and text, and asks to
 * wait for so many seconds (null: it does not).
 */
export function outcome({ status, text, retryAfterS, brokenOffDetail }) {
  if (status === 0) return { kind: "unavailable", code: null, detail: brokenOffDetail, waitS: null };
  const body = parsed(text);
  if (status === 202 && body.jobs?.length) {
    return { kind: "accepted", job: body.jobs[0] };
  }
  if (status === 422 && body.field) {
    return { kind: "wrong_option", field: body.field, code: body.code, detail: body.detail };
  }
  const { code = null, detail = `The server answered with status ${status}.` } = body.rejected?.[0] ?? body;
  if (status === UNAUTHORIZED) return { kind: "unavailable", code, detail: SIGNED_OUT, waitS: null };
  if (status < 500 && !PASSING.has(status)) return { kind: "refused", code, detail };
  return { kind: "unavailable", code, detail, waitS: WAITED_FOR.has(status) ? retryAfterS : null };
}

/** The seconds that Retry-After asks for, which is a number or a date (RFC 9110, 10.2.3); null without it. */
export function retryAfter(value) {
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.5), LONGEST_WAIT_S) : null;
}

/** A proxy in between may answer with something that is not JSON. */
function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
