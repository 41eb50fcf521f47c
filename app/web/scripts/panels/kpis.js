/* KPIs: the value, where it is going and whether that is good; behind it what it was divided from. */

import { h } from "../dom.js";
import { count, explained, going, isStock, said, valued } from "../words.js";

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
      isStock(kpi)
        ? h("span", { class: "way soft" }, "现在")
        : large
        ? h("span", { class: "ways" }, way("环比", kpi.change, kpi), way("同比", kpi.change_on_year, kpi))
        : way("", kpi.change, kpi),
    ),
  );
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

/** What to open behind a KPI: its tickets, of a share above the line, below it, and below it alone. */
export function behind(kpi, context, row = {}) {
  const whole = kpi.denominator === null;
  const shared = kpi.unit === "share" && kpi.numerator !== null;
  const about = context.definition(kpi.code);
  return {
    title: `${row.name ? `${row.name}　` : ""}${kpi.name} ${said(kpi.value, kpi.unit)}`,
    timed: true,
    about: [
      whole || kpi.numerator === null ? null : `${count(kpi.numerator)} ÷ ${count(kpi.denominator)}`,
      about ? `${about.cohort}：${about.numerator}${about.denominator ? ` ÷ ${about.denominator}` : ""}` : null,
    ]
      .filter(Boolean)
      .join("　"),
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
