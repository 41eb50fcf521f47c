/* Visits: how many homes were reached, who needs care and was seen in time, and what was heard. */

import { h, share } from "../dom.js";
import { count, said } from "../words.js";
import { VISITS } from "./kpis.js";

export const name = "visits";
export const title = "走访覆盖";
export const questions = () => [{ name, kind: "visits", timed: true }];
export const note = (answers, context) => context.periodName;

/** The nodes of the panel. */
export function render({ visits }, context) {
  const rows = [
    part("covered", "入户覆盖率", visits.covered, "期内有效走访到的户 ÷ 在册户"),
    part("care", "关爱对象按期走访", visits.care, "按周期走访到的 ÷ 在管关爱对象"),
    part("effective", "有效走访率", visits.effective, "有效走访 ÷ 走访"),
    whole("visits", "走访", visits.visits, "次"),
    whole("opinions", "听到意见和问题", visits.opinions, "条"),
    whole("per_100", "每百次走访发现", visits.issues_per_100_visits.value, "条"),
  ];
  return [h("ol", { class: "bars", "data-scroll": true }, rows.map((row) => line(row, visits, context)))];
}

function part(key, words, { numerator, denominator, rate }, of) {
  return { key, words, value: said(rate, "share"), rate, tip: `${count(numerator)} ÷ ${count(denominator)}\n${of}` };
}

function whole(key, words, value, unit) {
  return { key, words, value: said(value, Number.isInteger(value) ? "count" : "a_hundred"), unit, rate: null };
}

function line({ key, words, value, unit, rate, tip }, visits, context) {
  const told = [`${words} ${value}${unit ? ` ${unit}` : ""}`, tip].filter(Boolean).join("\n");
  const button = h(
    "button",
    {
      type: "button",
      class: rate === null ? "bare" : null,
      "data-key": key,
      "data-tip": told,
      "aria-label": told.replaceAll("\n", "；"),
      onclick: () => context.open({ title: `${words} ${value}${unit ? ` ${unit}` : ""}`, about: tip, timed: true, kpis: VISITS }),
    },
    h("span", { class: "name" }, words),
    h("span", { class: "value" }, value, unit ? h("small", {}, unit) : null),
    h("span", { class: "bar" }),
  );
  return h("li", {}, share(button, "--part", rate ?? 0));
}
