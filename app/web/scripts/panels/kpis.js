/* KPIs: the value, where it is going and whether that is good; behind it what it was divided from. */

import { h } from "../dom.js";
import { count, explained, going, hasPast, said, valued } from "../words.js";

/** What is told of visits by area. */
export const VISITS = ["visits", "effective_visit_rate", "issue_per_100_visits"];

/** The panel of some KPIs; `heads` shows them large. */
export function panel({ name, title, codes, large = false }) {
  return {
    name,
    title,
    bare: large,
    questions: () => [{ name, kind: "kpis", kpis: codes, timed: true }],
    render: (answers, context) => [
      h("ul", { class: large ? "heads" : "kpis" }, answers[name].items.map((kpi) => item(kpi, context, large))),
    ],
  };
}

function item(kpi, context, large) {
  const [value, unit] = valued(kpi.value, kpi.unit);
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        "data-key": kpi.code,
        "data-tip": explained(kpi),
        "aria-label": explained(kpi).replaceAll("\n", "；"),
        onclick: () => context.open(behind(kpi, context)),
      },
      h("span", { class: "name" }, kpi.name),
      h("span", { class: "value" }, value, unit ? h("small", {}, unit) : null),
      ways(kpi, large),
    ),
  );
}

function ways(kpi, large) {
  if (!hasPast(kpi)) return h("span", { class: "way soft" }, "现在");
  if (!large) return way("", kpi.change, kpi);
  return h("span", { class: "ways" }, way("环比", kpi.change, kpi), way("同比", kpi.change_on_year, kpi));
}

function way(word, change, kpi) {
  const to = going(change, kpi);
  return h(
    "span",
    { class: `way ${to?.sense ?? "soft"}` },
    word ? h("span", { class: "soft" }, word, " ") : null,
    to ? `${to.arrow}${to.arrow ? " " : ""}${to.short}` : "–",
  );
}

/** What to open behind a KPI: its tickets, of a share above the line, below it, and below it alone; of visits
 *  and scores the same figures by area. */
export function behind(kpi, context, row = {}) {
  const about = context.definition(kpi.code);
  const opened = {
    title: `${row.name ? `${row.name}　` : ""}${kpi.name} ${said(kpi.value, kpi.unit)}`,
    timed: true,
    about: told(kpi, about),
  };
  if (about && about.behind !== "tickets") {
    const { by, key } = row.words ?? {};
    return { ...opened, words: by ? { [`${by}_id`]: key } : {}, kpis: about.parts.length ? [kpi.code, ...about.parts] : VISITS };
  }
  const whole = kpi.denominator === null;
  const shared = kpi.unit === "share" && kpi.numerator !== null;
  return {
    ...opened,
    parts: !shared
      ? null
      : [
          { part: "numerator", label: `分子 ${count(kpi.numerator)}` },
          { part: "rest", label: `分母中其余 ${count(kpi.denominator - kpi.numerator)}` },
          { part: "denominator", label: `分母 ${count(kpi.denominator)}` },
        ],
    words: { kpi: kpi.code, part: whole || shared ? "numerator" : "denominator", ...row.words },
  };
}

function told(kpi, about) {
  const divided = kpi.denominator === null || kpi.numerator === null || about?.behind === "figures";
  return [
    divided ? null : `${count(kpi.numerator)} ÷ ${count(kpi.denominator)}`,
    about ? `${about.cohort}：${about.numerator}${about.denominator ? ` ÷ ${about.denominator}` : ""}` : null,
  ]
    .filter(Boolean)
    .join("　");
}
