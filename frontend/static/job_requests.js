/** What the page asks the server to do about jobs that there are. */

const LONGEST_WAIT_MS = 20_000;
const UNAUTHORIZED = 401;

/** A request that came to nothing; `message` is a sentence for people, `code` is that of the API. */
export class Refused extends Error {
  constructor(message, code = null) {
    super(message);
    this.code = code;
  }
}

/** The body of the answer, null when it has none. Throws Refused. */
export async function ask(method, url) {
  let answer;
  try {
    const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
    answer = await fetch(url, { method, headers: { Accept: "application/json" }, signal });
  } catch {
    throw new Refused("The server cannot be reached.");
  }
  const body = await parsed(answer);
  if (answer.ok) return body;
  if (answer.status === UNAUTHORIZED) signIn();
  throw new Refused(body?.detail ?? `The server answered with status ${answer.status}.`, body?.code);
}

/** The key that the browser has been signed in with is none any more. */
function signIn() {
  location.assign(`/sign-in?${new URLSearchParams({ next: location.pathname })}`);
}

/** A proxy in between may answer with something that is not JSON. */
async function parsed(answer) {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}
