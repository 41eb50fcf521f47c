/* What is late: for how long, and in whose hands. */

import { h, share } from "../dom.js";
import { count } from "../words.js";

const NAMES = { 0: "1 天内", 1: "1–3 天", 3: "3–7 天", 7: "7 天以上" };

export const name = "overdue";
export const title = "超期未办结";
export const questions = () => [{ name, kind: "overdue" }];
export const note = ({ overdue }) => `在办 ${count(overdue.open)}，挂起 ${count(overdue.suspended)}`;

/** The nodes of the panel. */
export function render({ overdue }, context) {
  const all = { title: `超期未办结 ${count(overdue.overdue)}`, words: { kpi: "overdue_open" } };
  const most = Math.max(1, ...overdue.orgs.map((row) => row.figures[0].value ?? 0));
  return [
    h(
      "div",
      { class: "lateness" },
      h(
        "button",
        { type: "button", class: overdue.overdue ? "sum late" : "sum", "data-key": "all", onclick: () => context.open(all) },
        count(overdue.overdue),
        h("small", {}, " 件"),
      ),
      spans(overdue),
    ),
    overdue.orgs.length
      ? h("ol", { class: "bars late-bars", "data-scroll": true }, overdue.orgs.map((row) => holder(row, most, context)))
      : h("p", { class: "empty" }, "没有超期的工单。"),
  ];
}

function spans({ overdue_by: buckets, overdue }) {
  const parts = buckets.map((bucket) => {
    const width = overdue ? bucket.count / overdue : 0;
    return share(h("li", { class: bucket.count ? null : "none" }, h("span", { class: "band" }), h("b", {}, count(bucket.count)), h("span", { class: "soft" }, NAMES[bucket.from_days] ?? "")), "--part", width);
  });
  return h("ol", { class: "spans", "aria-label": "超期多久" }, parts);
}

function holder(row, most, context) {
  const [late, open] = row.figures.map((figure) => figure.value);
  const words = { kpi: "overdue_open", by: "org", key: row.key };
  const tip = `${row.name}\n超期 ${count(late)}，在办 ${count(open)}`;
  const button = h(
    "button",
    {
      type: "button",
      "data-key": row.key,
      "data-tip": tip,
      "aria-label": tip.replaceAll("\n", "；"),
      onclick: () => context.open({ title: `${row.name}　超期 ${count(late)}`, words }),
    },
    h("span", { class: "name" }, row.name),
    h("span", { class: "value" }, h("b", { class: "late" }, count(late)), h("span", { class: "soft" }, ` / ${count(open)}`)),
    h("span", { class: "bar" }),
  );
  return h("li", {}, share(button, "--part", (late ?? 0) / most));
}
