/* Who this screen is: an account's tokens, or a read-only token of a screen.

   Kept for this tab alone and gone with it. A screen's token comes behind the # of the address, which no
   server and no log ever sees, and is taken out of it at once. An account's refresh token works once; so that
   a lost answer does not end the session, each attempt to refresh has an id that is written down before it
   is sent, and the same attempt is repeated until it is answered. A copy of the tab would use the same
   refresh token a second time: so nothing is refreshed before the other tabs had time to answer whether one
   of them has these tokens, and if so, the copy forgets them. */

const KEY = "wangge.session";
const AWAIT_OTHERS_MS = 2000;

const me = identifier();
const others = "BroadcastChannel" in window ? new BroadcastChannel(KEY) : null;
let kept = read();
let settled = false;
let alone = Promise.resolve();

/** Take the token out of the address; true when there was one. */
export function takeFromAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  const token = words.get("token");
  if (!token) return false;
  words.delete("token");
  const rest = words.toString();
  history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  keep({ token });
  return true;
}

/** Whether somebody is signed in. */
export const known = () => kept !== null;

/** Whether this is a screen without a person before it. */
export const unattended = () => Boolean(kept?.token);

/** What goes behind “Bearer”. */
export const bearer = () => kept?.token ?? kept?.access ?? "";

/** Keep the tokens of an account. */
export function keepAccount(reply) {
  keep({ id: kept?.id ?? identifier(), access: reply.access_token, refresh: reply.refresh_token });
}

/** Forget everything. */
export function forget() {
  kept = null;
  sessionStorage.removeItem(KEY);
}

/** The form of the present attempt to refresh; null when there is nothing to refresh. */
export function attemptToRefresh() {
  if (!kept?.refresh) return null;
  if (!kept.attempt) keep({ ...kept, attempt: identifier() });
  return { grant_type: "refresh_token", refresh_token: kept.refresh, attempt: kept.attempt };
}

/** The refresh token, for signing out. */
export const refreshToken = () => kept?.refresh ?? null;

/** Ask the other tabs whether these tokens are theirs; if so, forget them and call `copied`. */
export function askOthers(copied) {
  if (!others) return;
  others.onmessage = ({ data: { mine, whose, by } }) => {
    if (!kept?.id) return;
    if (mine === kept.id && by === me) {
      forget();
      copied();
    }
    // Of two that came at once, one stays.
    if (whose === kept.id && (settled || me < by)) others.postMessage({ mine: kept.id, by });
  };
  if (kept?.id) others.postMessage({ whose: kept.id, by: me });
  alone = new Promise((resolve) => setTimeout(resolve, kept?.id ? AWAIT_OTHERS_MS : 0)).then(() => (settled = true));
}

/** When it is known that no other tab has these tokens. */
export const whenAlone = () => alone;

/** A random UUID; `crypto.randomUUID` exists only where the page came over TLS. */
function identifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function keep(values) {
  kept = values;
  sessionStorage.setItem(KEY, JSON.stringify(values));
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}
