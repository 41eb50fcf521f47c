/* A screen at work: asks all its panels' questions in one call, draws what has changed, and keeps the rest. */

import * as client from "./client.js";
import * as divide from "./divide.js";
import { exchange, h } from "./dom.js";
import * as drill from "./drill.js";
import { Masthead } from "./masthead.js";
import { Poller } from "./poller.js";
import { PERIODS, SCREENS } from "./screens.js";
import * as state from "./state.js";
import * as theme from "./theme.js";
import * as tooltip from "./tooltip.js";

const VERSION_EVERY_MS = 600_000;
const TROUBLES = { 403: "没有查看统计的权限", 429: "请求太多，稍后再取" };
const NOTHING = { answers: null, etag: null, asked: "" };

/** What the whole page shows, from the sign-in to the sign-out. */
export class Screen {
  #state;
  #element;
  #left;
  #head;
  #panels = new Map();
  #drawn = new Map();
  #got = NOTHING;
  #confirmed = null;
  #ahead = 0;
  #trouble = "";
  #definitions = new Map();
  #end = new AbortController();
  #poller = new Poller(() => this.#poll());

  /** A screen in `element`; `left` is called when nobody is signed in any more. */
  constructor(element, { usual, attended, left }) {
    this.#state = state.read(usual);
    this.#element = element;
    this.#left = left;
    this.#head = new Masthead(this.#state, {
      screen: (screen) => this.#go({ ...this.#state, screen, period: SCREENS[screen].period }),
      period: (period) => this.#go({ ...this.#state, period }),
      back: () => this.#go({ ...this.#state, area: null }),
      leave: attended ? () => this.#leave() : null,
    });
    theme.follow((present) => {
      this.#head.offer(present);
      this.#redraw((panel) => panel.themed);
    }, this.#end.signal);
    this.#every(1000, () => this.#tick());
    this.#every(VERSION_EVERY_MS, () => this.#renew());
  }

  /** Build the panels and begin to ask. */
  async begin() {
    this.#build();
    this.#poller.start();
    const { items } = await client.definitions().catch(() => ({ items: [] }));
    this.#definitions = new Map(items.map((item) => [item.code, item]));
  }

  #go(next) {
    this.#state = next;
    state.write(next);
    this.#got = NOTHING;
    this.#head.show(next);
    this.#build();
    this.#poller.soon();
  }

  #build() {
    this.#panels = new Map(SCREENS[this.#state.screen].panels.map((panel) => [panel.name, new Panel(panel)]));
    this.#drawn.clear();
    const main = h("main", { class: "panels", "data-screen": this.#state.screen }, [...this.#panels.values()].map((each) => each.element));
    exchange(this.#element, h("div", { class: "sheet" }, this.#head.element, main));
    this.#tick();
  }

  async #poll() {
    const questions = this.#questions();
    const asked = JSON.stringify(questions);
    try {
      const reply = await client.screen(questions, asked === this.#got.asked ? this.#got.etag : null);
      if (asked !== JSON.stringify(this.#questions())) return;
      if (reply.body) this.#got = { answers: reply.body.answers, asOf: reply.body.as_of, etag: reply.etag, asked };
      this.#confirmed = Date.now();
      this.#ahead = reply.at - Date.now();
      this.#trouble = "";
      await this.#draw();
    } catch (failure) {
      this.#failed(failure);
    }
  }

  #questions() {
    const { period } = this.#state;
    return SCREENS[this.#state.screen].panels
      .flatMap((panel) => panel.questions(this.#state))
      .map(({ timed, ...question }) => ({ ...question, ...this.#place(), ...(timed ? { period } : {}) }));
  }

  #place() {
    return this.#state.area ? { area_id: this.#state.area } : {};
  }

  async #draw() {
    const { answers } = this.#got;
    const context = this.#context();
    const scoped = Object.values(answers).find((answer) => answer.scope);
    if (scoped) this.#head.name(scoped.scope);
    for (const [name, panel] of this.#panels) {
      const text = JSON.stringify(answers[name]);
      if (this.#drawn.get(name) === text) continue;
      await panel.draw(answers, context);
      this.#drawn.set(name, text);
    }
    this.#tick();
  }

  #redraw(which) {
    if (!this.#got.answers) return;
    for (const [name, panel] of this.#panels) if (which(panel.of)) this.#drawn.delete(name);
    this.#draw();
  }

  #context() {
    const { period } = this.#state;
    return {
      place: this.#place(),
      periodName: PERIODS[period],
      definition: (code) => this.#definitions.get(code),
      now: () => new Date(Date.now() + this.#ahead),
      again: (name) => this.#redraw((panel) => panel.name === name),
      open: ({ timed, words, area, kpis, ...rest }) => {
        tooltip.hide();
        const go = (area) => this.#go({ ...this.#state, area });
        const shown = {
          ...rest,
          words: { ...this.#place(), ...(timed ? { period } : {}), ...words },
          narrow: area && area !== this.#state.area ? () => go(area) : null,
        };
        if (kpis) divide.open({ ...shown, kpis, go });
        else drill.open(shown);
      },
    };
  }

  #failed(failure) {
    if (failure instanceof client.SignedOut) {
      this.#finish("登录已失效，请重新登录。");
      return;
    }
    if (failure.status === 404 && this.#state.area) {
      this.#go({ ...this.#state, area: null });
      return;
    }
    this.#trouble = TROUBLES[failure.status] ?? (failure.status ? "服务器忙，正在重试" : "连接中断，正在重试");
    this.#tick();
    throw failure;
  }

  #tick() {
    const seconds = this.#confirmed === null ? null : (Date.now() - this.#confirmed) / 1000;
    this.#head.tick(Date.now() + this.#ahead, seconds, this.#trouble, this.#got.asOf);
  }

  async #leave() {
    await client.signOut();
    this.#finish("");
  }

  #finish(words) {
    this.#poller.stop();
    this.#end.abort();
    this.#left(words);
  }

  #every(milliseconds, act) {
    const timer = setInterval(act, milliseconds);
    this.#end.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** A wall is never closed: it takes a new version of the page by itself. */
  async #renew() {
    const now = await client.pageVersion().catch(() => null);
    const mine = document.querySelector('meta[name="wangge-version"]').content;
    if (now && now !== mine && !document.querySelector("dialog[open]")) location.reload();
  }
}

/** One panel: its head, and a body that is exchanged when its answer has changed. */
class Panel {
  constructor(of) {
    this.of = of;
    this.note = h("p", { class: "note" });
    this.switches = h("div", { class: "switches" });
    this.body = h("div", { class: "body" });
    const id = `panel-${of.name}`;
    this.element = h(
      "section",
      { class: "panel", "data-panel": of.name, "aria-labelledby": id },
      h("header", { class: of.bare ? "unseen" : null }, h("h2", { id }, of.title), this.note, this.switches),
      this.body,
    );
  }

  async draw(answers, context) {
    await this.of.prepare?.(answers, context);
    exchange(this.note, this.of.note?.(answers, context) ?? "");
    exchange(this.switches, this.of.switches?.(context) ?? []);
    exchange(this.body, this.of.render(answers, context));
  }
}
