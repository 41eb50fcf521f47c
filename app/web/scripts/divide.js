/* What stands behind a figure that counts no tickets, in a dialog: visits and scores, told apart by area. */

import * as client from "./client.js";
import * as dialog from "./dialog.js";
import { h } from "./dom.js";
import { count, said } from "./words.js";

const MOST = 100;

/** Open figures by area: {title, about, kpis, narrow}; `go` looks at one of the areas alone. */
export function open({ words, kpis, go, ...rest }) {
  const { body, close } = dialog.open({ ...rest, label: "按区域" });
  const ask = () => client.divided({ ...words, kpis, by: "area", limit: MOST });
  dialog.fill(body, ask, (found) => {
    if (!found.rows.length) return [h("p", { class: "empty" }, "没有可分的区域。")];
    const names = ["区域", ...found.kpis.map((kpi) => kpi.name_zh)];
    const place = (row) => () => {
      close();
      go(row.key);
    };
    const table = dialog.table(names, found.rows.map((row) => [[dialog.button(row.name, place(row))], ...cells(row, found.kpis)]));
    table.classList.add("divided");
    return [table];
  });
}

function cells(row, kpis) {
  return row.figures.map((figure, index) => {
    const { unit } = kpis[index];
    const divided = unit === "share" && figure.denominator ? `${count(figure.numerator)} ÷ ${count(figure.denominator)}` : "";
    return [h("span", {}, said(figure.value, unit), " ", h("span", { class: "soft when" }, divided))];
  });
}
