/** A request to the API that is answered with JSON or with nothing. */

const LONGEST_WAIT_MS = 20_000;

/** A request that came to nothing; `message` is a sentence for people, `code` is that of the API, or null. */
export class Refused extends Error {
  constructor(message, { code = null, status = 0 } = {}) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The body of the answer, null when it has none. Rejects with Refused. */
export async function request(method, url) {
  let answer;
  try {
    const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
    answer = await fetch(url, { method, headers: { Accept: "application/json" }, signal });
  } catch {
    throw new Refused("The server cannot be reached.");
  }
  const body = await parsed(answer);
  if (answer.ok) return body;
  const { status } = answer;
  throw new Refused(body?.detail ?? `The server answered with status ${status}.`, { code: body?.code, status });
}

/** A proxy in between may answer with something that is not JSON. */
async function parsed(answer) {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}
