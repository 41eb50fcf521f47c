/* The five stages as a river: what is open now, how broad it stands at each stage, and how much of it is late. */

import { h, s } from "../dom.js";
import { count } from "../words.js";

const NUMERALS = ["一", "二", "三", "四", "五"];
// What counts who entered a stage.
const ENTERED = { report: "reported", route: "accepted", handle: "dispatched", revisit: "results", close: "closed" };
const ENTERED_WORDS = { report: "上报", route: "受理", handle: "推送", revisit: "办结", close: "结案" };
const WIDTH = 1000;
const HEIGHT = 100;

export const name = "flow";
export const title = "五步流程";
export const bare = true;
export const questions = () => [{ name, kind: "flow", timed: true }];

/** The nodes of the panel. */
export function render({ flow }, context) {
  return [
    river(flow.stages),
    h("ol", { class: "stages" }, flow.stages.map((stage, index) => column(stage, index, context))),
  ];
}

function column(stage, index, context) {
  const open = { title: `${stage.name}　在办 ${count(stage.open)}`, words: { measure: `open_${stage.stage}` } };
  const late = {
    title: `${stage.name}　超期 ${count(stage.overdue)}`,
    words: { measure: `overdue_${stage.stage}` },
  };
  const word = ENTERED_WORDS[stage.stage];
  const entered = { title: `${context.periodName}${word} ${count(stage.entered)}`, timed: true, words: { measure: ENTERED[stage.stage] } };
  return h(
    "li",
    {},
    h("h3", {}, h("span", { class: "numeral", "aria-hidden": "true" }, NUMERALS[index]), stage.name),
    h(
      "button",
      { type: "button", class: "open", "data-key": `open-${stage.stage}`, onclick: () => context.open(open) },
      h("strong", {}, count(stage.open)),
      h("span", { class: "soft" }, "在办"),
    ),
    h(
      "p",
      { class: "under" },
      button(stage.overdue ? "late" : "soft", `超期 ${count(stage.overdue)}`, `late-${stage.stage}`, () => context.open(late)),
      button("soft", `${context.periodName}${word} ${count(stage.entered)}`, `in-${stage.stage}`, () => context.open(entered)),
    ),
  );
}

function button(sense, words, key, onclick) {
  return h("button", { type: "button", class: `line ${sense}`, "data-key": key, onclick }, words);
}

function river(stages) {
  const most = Math.max(1, ...stages.map((stage) => stage.open));
  const breadth = stages.map((stage) => (stage.open ? 6 + 88 * Math.sqrt(stage.open / most) : 3));
  const late = stages.map((stage, index) => (stage.open ? breadth[index] * (stage.overdue / stage.open) : 0));
  return s(
    "svg",
    { class: "river", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "water", d: band(breadth.map((each) => [HEIGHT - each, HEIGHT])) }),
    s("path", { class: "silt", d: band(late.map((each) => [HEIGHT - each, HEIGHT])) }),
  );
}

/** A band through the middles of the columns, from edge to edge. */
function band(spans) {
  const step = WIDTH / spans.length;
  const points = [[0, ...spans[0]], ...spans.map(([top, foot], index) => [step * (index + 0.5), top, foot]), [WIDTH, ...spans.at(-1)]];
  const along = curve(points.map(([x, top]) => [x, top]));
  const back = curve(points.map(([x, , foot]) => [x, foot]).reverse());
  return `M${along}L${back}Z`;
}

function curve(points) {
  return points
    .map(([x, y], index) => {
      if (!index) return `${x},${y}`;
      const [before, height] = points[index - 1];
      const middle = (before + x) / 2;
      return `C${middle},${height} ${middle},${y} ${x},${y}`;
    })
    .join("");
}
