/* The head of the page: whose figures these are, which screen and period, how old they are, and the time. */

import { exchange, h } from "./dom.js";
import { PERIODS, SCREENS } from "./screens.js";
import * as theme from "./theme.js";
import { CLOCK, DATE, SECONDS, ago, moment } from "./words.js";

const LATE_SECONDS = 45;

/** The head of a screen; `acts` are what its buttons do. */
export class Masthead {
  constructor(state, acts) {
    this.place = h("h1", {}, "网格治理");
    this.back = h("button", { type: "button", class: "plain", hidden: true, onclick: acts.back }, "返回全部");
    this.age = h("span", { class: "age", role: "status" });
    this.clock = h("time", { class: "clock" });
    this.date = h("span", { class: "soft" });
    this.screens = Object.entries(SCREENS).map(([name, { title }]) =>
      h("button", { type: "button", class: "plain", "data-screen": name, onclick: () => acts.screen(name) }, title),
    );
    this.period = h(
      "select",
      { class: "choice", "aria-label": "时段", onchange: () => acts.period(this.period.value) },
      Object.entries(PERIODS).map(([value, words]) => h("option", { value }, words)),
    );
    this.theme = h("button", { type: "button", class: "plain", onclick: theme.toggle });
    this.element = h(
      "header",
      { class: "masthead" },
      this.place,
      this.back,
      h("nav", { class: "screens", "aria-label": "屏幕" }, this.screens),
      h(
        "div",
        { class: "means" },
        this.age,
        this.period,
        this.theme,
        acts.leave ? h("button", { type: "button", class: "plain", onclick: acts.leave }, "退出") : null,
        this.date,
        this.clock,
      ),
    );
    this.show(state);
  }

  /** Say what is looked at. */
  show({ screen, period, area }) {
    for (const button of this.screens)
      if (button.dataset.screen === screen) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    this.period.value = period;
    this.back.hidden = !area;
  }

  /** Offer the other theme. */
  offer(present) {
    this.theme.textContent = present === "dark" ? "浅色" : "深色";
  }

  /** Name the areas or organisations that the figures are of. */
  name({ areas, orgs }) {
    const names = [...areas, ...orgs].map((each) => each.name);
    const place = names.length > 2 ? `${names[0]}等 ${names.length} 处` : names.join("、");
    exchange(this.place, place, h("small", {}, "网格治理"));
    document.title = place ? `${place} · 网格治理` : "网格治理";
  }

  /** Tell the time, and how old the figures are. */
  tick(now, seconds, trouble, asOf) {
    this.clock.textContent = moment(now, CLOCK);
    this.date.textContent = moment(now, DATE);
    if (seconds === null) this.#age(trouble ? "away" : "fresh", trouble || "正在取数…");
    else if (trouble) this.#age("away", `${trouble} · 数据为 ${ago(seconds)}`);
    else this.#age(seconds > LATE_SECONDS ? "late" : "fresh", `数据 ${ago(seconds)}`);
    if (asOf) this.age.title = `截至 ${moment(asOf, SECONDS)}`;
  }

  #age(state, words) {
    // Read out when the state changes, not every second.
    this.age.setAttribute("aria-live", this.age.dataset.state === state ? "off" : "polite");
    this.age.dataset.state = state;
    if (this.age.textContent !== words) this.age.textContent = words;
  }
}
