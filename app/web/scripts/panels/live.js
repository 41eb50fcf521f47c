/* The last steps of tickets, newest first, without persons. */

import { h } from "../dom.js";
import { CLOCK, DAY, moment } from "../words.js";

const MOST = 30;
const DAY_MS = 86_400_000;
let seen = null;

export const name = "live";
export const title = "实时动态";
export const questions = () => [{ name, kind: "live", limit: MOST }];

/** The nodes of the panel; what was not there the last time comes in gently. */
export function render({ live }, context) {
  const known = seen;
  seen = new Set(live.items.map((item) => item.id));
  if (!live.items.length) return [h("p", { class: "empty" }, "还没有动态。")];
  return [h("ol", { class: "feed", "data-scroll": true, tabindex: "0" }, live.items.map((item) => step(item, known, context)))];
}

function step(item, known, context) {
  const fresh = known !== null && !known.has(item.id);
  const today = context.now() - new Date(item.at) < DAY_MS;
  const more = [item.category, item.org?.name].filter(Boolean).join(" · ");
  return h(
    "li",
    { class: fresh ? "fresh" : null },
    h("time", { datetime: item.at, class: "soft" }, moment(item.at, today ? CLOCK : DAY)),
    h("span", { class: item.overdue ? "act late" : "act" }, item.action_name),
    h("span", { class: "what" }, item.area.name, h("span", { class: "soft" }, more ? ` · ${more}` : "")),
  );
}
