/* The server's addresses, asked with the session's token. A token that has expired is refreshed once, by one
   attempt however many requests wait for it. What the figures mean is not known here. */

import * as session from "./session.js";

const TIMEOUT_MS = 30_000;
const BASE = new URL(".", document.baseURI);

/** The server refused: its status, what it says of it, and after how many seconds it may be asked again. */
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem?.code ?? problem?.error ?? "";
    this.said = problem?.detail ?? problem?.title ?? "";
    this.retryAfter = retryAfter;
  }
}

/** Nobody is signed in any more. */
export class SignedOut extends Error {}

/** Ask for a screen; `null` as the body when nothing has changed since `etag`. */
export async function screen(questions, etag) {
  const words = new URLSearchParams({ ask: JSON.stringify({ questions }) });
  const reply = await asked(`v1/stats/screen?${words}`, { headers: etag ? { "If-None-Match": etag } : {} });
  return { body: reply.status === 304 ? null : await reply.json(), etag: reply.headers.get("ETag"), at: told(reply) };
}

/** The outlines of the grids; they change seldom, so the browser keeps them. */
export async function shapes(words) {
  return (await asked(`v1/stats/shapes?${new URLSearchParams(words)}`, { cache: "no-cache" })).json();
}

/** One page of the tickets behind a figure. */
export async function counted(words) {
  return (await asked(`v1/stats/counted?${new URLSearchParams(words)}`)).json();
}

/** KPIs divided by something: {by, kpis, …}. */
export async function divided({ kpis, ...words }) {
  const query = [...Object.entries(words), ...kpis.map((code) => ["kpis", code])];
  return (await asked(`v1/stats/breakdown?${new URLSearchParams(query)}`)).json();
}

/** What the KPIs are called and how they are counted. */
export async function definitions() {
  return (await asked("v1/stats/definitions")).json();
}

/** Who is signed in. */
export async function me() {
  return (await asked("v1/me")).json();
}

/** The version of the page that the server has now. */
export async function pageVersion() {
  const text = await (await fetch(new URL("dashboard", BASE), { cache: "no-cache" })).text();
  return text.match(/name="wangge-version" content="(\w+)"/)?.[1];
}

/** Sign in with a name and a password. */
export async function signIn(username, password) {
  const reply = await posted("v1/auth/token", { grant_type: "password", username, password });
  if (reply.must_change_password) throw new Refused(403, { code: "password_change_required" });
  session.keepAccount(reply);
}

/** Sign out, here and at the server. */
export async function signOut() {
  const token = session.refreshToken();
  session.forget();
  if (token) await posted("v1/auth/revoke", { token }).catch(() => undefined);
}

async function asked(path, options = {}) {
  if (!session.known()) throw new SignedOut();
  let reply = await sent(path, options, true);
  if (reply.status === 401) {
    await refreshed();
    reply = await sent(path, options, true);
  }
  if (reply.status === 401) {
    session.forget();
    throw new SignedOut();
  }
  return accepted(reply);
}

let refreshing = null;

function refreshed() {
  refreshing ??= refresh().finally(() => (refreshing = null));
  return refreshing;
}

async function refresh() {
  await session.whenAlone();
  const form = session.attemptToRefresh();
  if (!form) {
    session.forget();
    throw new SignedOut();
  }
  try {
    session.keepAccount(await posted("v1/auth/token", form));
  } catch (refusal) {
    if (!(refusal instanceof Refused) || refusal.status >= 500 || refusal.status === 429) throw refusal;
    session.forget();
    throw new SignedOut();
  }
}

async function posted(path, form) {
  const reply = await accepted(await sent(path, { method: "POST", body: new URLSearchParams(form) }, false));
  return reply.headers.get("Content-Type")?.includes("json") ? reply.json() : null;
}

function sent(path, options, signed) {
  const headers = { ...options.headers };
  if (signed) headers.Authorization = `Bearer ${session.bearer()}`;
  return fetch(new URL(path, BASE), {
    cache: "no-store",
    ...options,
    headers,
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

async function accepted(reply) {
  if (reply.ok || reply.status === 304) return reply;
  const problem = await reply.json().catch(() => null);
  throw new Refused(reply.status, problem, Number(reply.headers.get("Retry-After")) || 0);
}

function told(reply) {
  const date = Date.parse(reply.headers.get("Date") ?? "");
  return Number.isNaN(date) ? Date.now() : date;
}
