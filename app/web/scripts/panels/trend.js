/* What was reported and what was closed, day by day: a chart, and the same as a table for who wants figures. */

import { exchange, h } from "../dom.js";
import { colour, draw, rem } from "../plot.js";
import { DAY, count, moment, said } from "../words.js";

const COLOURS = { reports: "azurite", closed: "malachite", overdue_open: "cinnabar" };
const GRAINS = { day: DAY, hour: { hour: "2-digit" }, week: DAY, month: { month: "long" } };
let asTable = false;

/** The panel of some counts over time; without a period of its own it takes the screen's. */
export function panel({ codes, period }) {
  return {
    name: "trend",
    title: "趋势",
    questions: (state) => {
      const grain = { quarter: "week", half_year: "week", year: "month" }[period ?? state.period] ?? "day";
      const when = few(period ?? state.period) ? "last_7_days" : period;
      return [{ name: "trend", kind: "trend", kpis: codes, grain, ...(when ? { period: when } : { timed: true }) }];
    },
    note: (answers) => legend(answers.trend),
    switches: (context) => [
      h(
        "button",
        { type: "button", class: "plain", "data-key": "table", "aria-pressed": String(asTable), onclick: () => turn(context) },
        "表格",
      ),
    ],
    render: (answers, context) => render(answers.trend, context),
    themed: true,
  };
}

/** A day or two are no line. */
function few(period) {
  return period === "today" || period === "yesterday" || period === "week";
}

function turn(context) {
  asTable = !asTable;
  context.again("trend");
}

function legend(trend) {
  return trend.lines.map((line) => h("span", { class: `key ${COLOURS[line.code] ?? "azurite"}` }, line.name));
}

function render(trend, context) {
  if (asTable) return [table(trend, context)];
  const words = trend.lines.map((line) => `${line.name}共 ${count(sum(line))}`).join("，");
  const figure = h("div", { class: "plot", role: "img", "aria-label": `趋势图：${words}` });
  requestAnimationFrame(() => chart(figure, trend, context).catch(() => exchange(figure, table(trend, context))));
  return [figure];
}

function chart(figure, trend, context) {
  const format = GRAINS[trend.grain] ?? DAY;
  const traces = trend.lines.map((line) => ({
    type: "scatter",
    mode: "lines",
    name: line.name,
    x: line.points.map((point) => moment(point.start, format)),
    y: line.points.map((point) => point.value),
    customdata: line.points.map((point) => [line.code, point.start]),
    hovertemplate: "%{y}",
    line: { color: colour(COLOURS[line.code] ?? "azurite"), width: 0.14 * rem(), shape: "linear" },
    fill: line.code === "reports" ? "tozeroy" : "none",
    fillcolor: `${colour("azurite")}1a`,
  }));
  const most = Math.max(...trend.lines.flatMap((line) => line.points.map((point) => point.value ?? 0)));
  const axis = { fixedrange: true, zeroline: false, linecolor: colour("line"), gridcolor: colour("hair") };
  const layout = {
    xaxis: { ...axis, type: "category", showgrid: false, nticks: Math.max(2, Math.floor(figure.clientWidth / (4.5 * rem()))), tickangle: 0 },
    yaxis: { ...axis, rangemode: "tozero", nticks: 5, showline: false, ...(most < 5 ? { dtick: 1 } : {}) },
  };
  return draw(figure, traces, layout, ({ customdata: [code, start] }) => {
    const line = trend.lines.find((each) => each.code === code);
    context.open(step(trend, line, line.points.find((point) => point.start === start)));
  });
}

function table(trend, context) {
  const rows = trend.lines[0].points.map((point, index) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, moment(point.start, GRAINS[trend.grain] ?? DAY)),
      trend.lines.map((line) => {
        const at = line.points[index];
        const onclick = () => context.open(step(trend, line, at));
        const key = `${line.code}-${at.start}`;
        return h("td", {}, h("button", { type: "button", class: "line", "data-key": key, onclick }, said(at.value, line.unit)));
      }),
    ),
  );
  const head = h("tr", {}, h("th", { scope: "col" }, "起"), trend.lines.map((line) => h("th", { scope: "col" }, line.name)));
  return h(
    "div",
    { class: "steps", "data-scroll": true, tabindex: "0", role: "region", "aria-label": "趋势表" },
    h("table", {}, h("thead", {}, head), h("tbody", {}, rows.reverse())),
  );
}

function step(trend, line, point) {
  const next = line.points[line.points.indexOf(point) + 1];
  const end = new Date(new Date(next ? next.start : trend.period.end) - 1);
  const day = { year: "numeric", month: "2-digit", day: "2-digit" };
  const [first, last] = [point.start, end].map((each) => moment(each, day).replaceAll("/", "-"));
  const when = first === last ? first : `${first} 至 ${last}`;
  return { title: `${when}　${line.name} ${said(point.value, line.unit)}`, words: { kpi: line.code, first, last } };
}

function sum(line) {
  return line.points.reduce((total, point) => total + (point.value ?? 0), 0);
}
