/** What the page asks the server to do about jobs that there are. */

import { request } from "./api_request.js";

const UNAUTHORIZED = 401;

/** The body of the answer, null when it has none. Rejects with Refused; who is signed out is led to sign in. */
export async function ask(method, url) {
  try {
    return await request(method, url);
  } catch (refused) {
    if (refused.status === UNAUTHORIZED) signIn();
    throw refused;
  }
}

/** The key that the browser has been signed in with is none any more. */
function signIn() {
  location.assign(`/sign-in?${new URLSearchParams({ next: location.pathname })}`);
}
