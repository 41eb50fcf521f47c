/* Hot categories: what is reported most, with how much of it is still open. What is withheld from a screen,
   because so few would tell of one, is a dash and not a nought. */

import { h, share } from "../dom.js";
import { count } from "../words.js";

const MOST = 12;

export const name = "cats";
export const title = "热点类别";
export const questions = () => [
  { name, kind: "breakdown", by: "category", kpis: ["reports", "open", "overdue_open"], limit: MOST, timed: true },
];
export const note = (answers, context) => `${context.periodName}上报`;

/** The nodes of the panel. */
export function render({ cats }, context) {
  const rows = cats.rows.filter((row) => row.figures[0].value !== 0);
  if (!rows.length) return [h("p", { class: "empty" }, "本期没有上报。")];
  const most = Math.max(1, ...rows.map((row) => row.figures[0].value ?? 0));
  return [h("ol", { class: "bars", "data-scroll": true }, rows.map((row) => bar(row, most, context)))];
}

function bar(row, most, context) {
  const [reports, open, late] = row.figures.map((figure) => figure.value);
  const words = { kpi: "reports", by: "category", key: row.key };
  const few = reports === null ? "\n件数太少，不公布" : "";
  const tip = `${row.name}\n${context.periodName}上报 ${count(reports)}\n在办 ${count(open)}，超期 ${count(late)}${few}`;
  const button = h(
    "button",
    {
      type: "button",
      "data-key": row.key,
      "data-tip": tip,
      "aria-label": tip.replaceAll("\n", "；"),
      onclick: () => context.open({ title: `${row.name}　上报 ${count(reports)}`, timed: true, words }),
    },
    h("span", { class: "name" }, row.name),
    h("span", { class: "value" }, count(reports)),
    h("span", { class: "bar" }),
  );
  return h("li", {}, share(button, "--part", reports / most));
}
