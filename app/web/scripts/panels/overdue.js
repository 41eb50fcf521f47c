/* What is late: for how long, the longest of it with who has to act, and which organisations have most. */

import { h, share } from "../dom.js";
import { DAY_AND_CLOCK, count, lateness, moment } from "../words.js";

const NAMES = { 0: "1 天内", 1: "1–3 天", 3: "3–7 天", 7: "7 天以上" };
const MEASURES = { 0: "overdue", 1: "overdue_1d", 3: "overdue_3d", 7: "overdue_7d" };
const SHOWN = { tickets: "工单", orgs: "单位" };

let shown = "tickets";

export const name = "overdue";
export const title = "超期未办结";
export const questions = () => [{ name, kind: "overdue" }];
export const note = ({ overdue }, context) => [
  whole(`在办 ${count(overdue.open)}`, { kpi: "open" }, context),
  whole(`挂起 ${count(overdue.suspended)}`, { measure: "suspended" }, context),
];

/** What the list is of. */
export function switches(context) {
  return Object.entries(SHOWN).map(([key, words]) =>
    h("button", { type: "button", class: "plain", "data-key": key, "aria-pressed": String(key === shown), onclick: () => turn(key, context) }, words),
  );
}

/** The nodes of the panel. */
export function render({ overdue }, context) {
  const all = { title: `超期未办结 ${count(overdue.overdue)}`, words: { kpi: "overdue_open" } };
  const head = h(
    "div",
    { class: "lateness" },
    h(
      "button",
      { type: "button", class: overdue.overdue ? "sum late" : "sum", "data-key": "all", onclick: () => context.open(all) },
      count(overdue.overdue),
      h("small", {}, " 件"),
    ),
    spans(overdue, context),
  );
  return [head, shown === "tickets" ? tickets(overdue, context) : orgs(overdue, context)];
}

function turn(key, context) {
  shown = key;
  context.again(name);
}

function whole(words, asked, context) {
  return h("button", { type: "button", class: "line", "data-key": words.slice(0, 2), onclick: () => context.open({ title: words, words: asked }) }, words);
}

function spans({ overdue_by: buckets, overdue }, context) {
  const parts = buckets.map((bucket) => {
    const words = { measure: MEASURES[bucket.from_days], ...(bucket.to_days === null ? {} : { less: MEASURES[bucket.to_days] }) };
    const span = NAMES[bucket.from_days];
    const button = h(
      "button",
      { type: "button", "data-key": `span-${bucket.from_days}`, onclick: () => context.open({ title: `超期 ${span}　${count(bucket.count)}`, words }) },
      h("span", { class: "band" }),
      h("b", {}, count(bucket.count)),
      h("span", { class: "soft" }, span),
    );
    return share(h("li", { class: bucket.count ? null : "none" }, button), "--part", overdue ? bucket.count / overdue : 0);
  });
  return h("ol", { class: "spans", "aria-label": "超期多久" }, parts);
}

function tickets({ longest }, context) {
  if (!longest.length) return h("p", { class: "empty" }, "没有超期的工单。");
  return h("ol", { class: "feed longest", "data-scroll": true }, longest.map((ticket) => late(ticket, context)));
}

function late(ticket, context) {
  const { org, role_name: role, person } = ticket.responsible;
  const who = [org?.name, person ?? role].filter(Boolean).join(" ");
  const what = ticket.category ?? ticket.no;
  const since = lateness(ticket.due_at, context.now());
  const lines = [
    `${ticket.no}　${ticket.status_name}`,
    [ticket.category, ticket.area.name].filter(Boolean).join(" · "),
    `责任 ${who}`,
    `${since}，时限 ${moment(ticket.due_at, DAY_AND_CLOCK)}`,
  ];
  const button = h(
    "button",
    {
      type: "button",
      "data-key": ticket.id,
      "data-tip": lines.join("\n"),
      "aria-label": lines.join("；"),
      onclick: () => context.open({ title: `${ticket.area.name}　超期未办结`, words: { kpi: "overdue_open", area_id: ticket.area.id } }),
    },
    h("span", { class: "what" }, what, h("span", { class: "soft" }, ` · ${ticket.area.name}`)),
    h("span", { class: "late" }, since.replace("超期 ", "")),
    h("span", { class: "who soft" }, who),
  );
  return h("li", {}, button);
}

function orgs(overdue, context) {
  if (!overdue.orgs.length) return h("p", { class: "empty" }, "没有超期的单位。");
  const most = Math.max(1, ...overdue.orgs.map((row) => row.figures[0].value ?? 0));
  return h("ol", { class: "bars late-bars", "data-scroll": true }, overdue.orgs.map((row) => holder(row, most, context)));
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
