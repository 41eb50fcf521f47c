/* Who does best by a KPI: equals share a place, and who has too little to count has none. */

import { h, share } from "../dom.js";
import { count, said } from "../words.js";
import { behind } from "./kpis.js";

/** The panel that ranks by area or by organisation. */
export function panel({ name, title, by, kpi }) {
  return {
    name,
    title,
    questions: () => [{ name, kind: "ranking", by, kpi, timed: true }],
    note: (answers) => answers[name].kpi.name_zh,
    render: (answers, context) => render(answers[name], by, context),
  };
}

function render(ranking, by, context) {
  if (!ranking.rows.length) return [h("p", { class: "empty" }, "没有可比的。")];
  const most = Math.max(...ranking.rows.map((row) => row.value ?? 0), 0.0001);
  const few = ranking.rows.some((row) => row.rank === null);
  return [
    h("ol", { class: "ranks", "data-scroll": true }, ranking.rows.map((row) => place(row, most, ranking, by, context))),
    few ? h("p", { class: "least soft" }, `样本不足 ${count(ranking.least)} 的不排名`) : null,
  ];
}

function place(row, most, { kpi, least }, by, context) {
  const shown = { ...row, name: kpi.name_zh, code: kpi.code, unit: kpi.unit };
  const divided = row.denominator === null ? "" : `\n${count(row.numerator)} ÷ ${count(row.denominator)}`;
  const tip = `${row.name}\n${kpi.name_zh} ${said(row.value, kpi.unit)}${divided}`;
  const rank = row.rank === null ? "–" : String(row.rank);
  const button = h(
    "button",
    {
      type: "button",
      "data-key": row.key,
      "data-tip": row.rank === null ? `${tip}\n样本不足 ${least}，不排名` : tip,
      "aria-label": `${row.rank === null ? "不排名" : `第 ${rank} 名`}；${tip.replaceAll("\n", "；")}`,
      onclick: () => context.open({ ...behind(shown, context, { name: row.name, words: { by, key: row.key } }), area: by === "area" ? row.key : null }),
    },
    h("span", { class: "rank", "data-rank": rank }, rank),
    h("span", { class: "name" }, row.name),
    h("span", { class: "value" }, said(row.value, kpi.unit)),
    h("span", { class: "bar" }),
  );
  return h("li", { class: row.rank === null ? "unranked" : null }, share(button, "--part", (row.value ?? 0) / most));
}
