/* When to ask: every ten seconds, never in step with the other screens, slower the longer the server is away,
   and not at all while nobody can see the page. What is asked is the caller's. */

const EVERY_MS = 10_000;
const JITTER = 0.2;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;

/** Calls `ask` again and again; `ask` throws when it failed, with `retryAfter` seconds where it knows. */
export class Poller {
  #ask;
  #timer = null;
  #failures = 0;
  #running = false;
  #asking = false;
  #again = false;
  #end = new AbortController();

  constructor(ask) {
    this.#ask = ask;
    const { signal } = this.#end;
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    window.addEventListener("online", () => this.soon(), { signal });
  }

  /** Begin at once. */
  start() {
    this.#running = true;
    this.soon();
  }

  /** Ask no more, for good. */
  stop() {
    this.#running = false;
    this.#end.abort();
    clearTimeout(this.#timer);
  }

  /** Ask now; after the present question, if one is on its way. */
  soon() {
    if (!this.#running || document.hidden) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#once();
  }

  async #once() {
    this.#asking = true;
    let wait;
    try {
      await this.#ask();
      this.#failures = 0;
      wait = EVERY_MS;
    } catch (failure) {
      wait = Math.max(Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS), 1000 * (failure.retryAfter ?? 0));
      this.#failures += 1;
    }
    this.#asking = false;
    if (!this.#running || document.hidden) return;
    this.#timer = setTimeout(() => this.soon(), this.#again ? 0 : spread(wait));
    this.#again = false;
  }

  #seen() {
    if (document.hidden) clearTimeout(this.#timer);
    else this.soon();
  }
}

function spread(wait) {
  return wait * (1 - JITTER + 2 * JITTER * Math.random());
}
