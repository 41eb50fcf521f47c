/* The grids as they lie, coloured by how much is open; a dot where something is late. No tiles, no library.

   Above a county the server tells of towns instead. */

import * as client from "../client.js";
import { h, s } from "../dom.js";
import { rem } from "../plot.js";
import { count } from "../words.js";

const CLASSES = 5;
const FEW = 40;
const LABELS = 8;
const SIZE = 1000;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const BY = { open: "在办", overdue: "超期", reported: "上报" };

let by = "open";
let outlines = new Map();
let outlinesOf = null;
let chosen = null;
let watch = null;

export const name = "map";
export const title = "网格地图";
export const questions = () => [{ name, kind: "map", geometry: false, timed: true }];
export const note = ({ map }) => {
  const bare = map.features.filter((feature) => !outlines.get(feature.id)).length;
  return `${count(map.features.length)} 个区域${bare ? `，${count(bare)} 个未画边界` : ""}`;
};

/** What the grids are coloured by. */
export function switches(context) {
  return Object.entries(BY).map(([key, words]) =>
    h("button", { type: "button", class: "plain", "data-key": key, "aria-pressed": String(key === by), onclick: () => turn(key, context) }, words),
  );
}

/** Fetch the outlines where a grid's is not known, once for each place that is looked at. */
export async function prepare({ map }, context) {
  const place = JSON.stringify(context.place);
  const missing = map.features.some((feature) => !outlines.has(feature.id));
  if (!missing || outlinesOf === place) return;
  const found = await client.shapes(context.place);
  outlinesOf = place;
  for (const feature of found.features) outlines.set(feature.id, feature.geometry);
}

/** The nodes of the panel. */
export function render({ map }, context) {
  const drawn = map.features.filter((feature) => outlines.get(feature.id));
  if (!drawn.length) return [h("p", { class: "empty" }, "这里的区域还没有画边界。")];
  const shapes = projected(drawn);
  const steps = classes(drawn.map((feature) => feature.properties[by]));
  const grids = shapes.map((shape) => grid(shape, steps, context));
  const kept = grids.find((each) => each.dataset.key === chosen) ?? grids[0];
  kept.setAttribute("tabindex", "0");
  const names = s("g");
  const picture = s(
    "svg",
    { class: "map", viewBox: box(shapes), role: "group", "aria-label": "网格地图，用方向键移动", onkeydown: (event) => walk(event, shapes, grids) },
    grids,
    s("g", { "aria-hidden": "true", class: "marks" }, by === "overdue" ? [] : dots(shapes), names),
  );
  watch?.disconnect();
  watch = new ResizeObserver(() => label(picture, names, shapes));
  watch.observe(picture);
  return [picture, legend(steps)];
}

function turn(key, context) {
  by = key;
  context.again(name);
}

function grid(shape, steps, context) {
  const { id, name: words, open, overdue, reported, closed } = shape.feature.properties;
  const tip = `${words}\n在办 ${count(open)}，超期 ${count(overdue)}\n${context.periodName}上报 ${count(reported)}，结案 ${count(closed)}`;
  const drill = {
    open: { kpi: "open" },
    overdue: { kpi: "overdue_open" },
    reported: { kpi: "reports" },
  }[by];
  const value = shape.feature.properties[by];
  const show = () => context.open({ title: `${words}　${BY[by]} ${count(value)}`, timed: by === "reported", area: id, words: { ...drill, area_id: id } });
  return s("path", {
    d: shape.path,
    class: `grid of-${steps.filter((least) => value >= least).length}${by === "overdue" && value ? " hot" : ""}`,
    role: "button",
    tabindex: "-1",
    "data-key": id,
    "data-tip": tip,
    "aria-label": tip.replaceAll("\n", "；"),
    onclick: show,
    onfocus: () => (chosen = id),
    onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), show()),
  });
}

/** The least values of the classes from 1 up: as many as differ, so that colours never repeat themselves. */
function classes(values) {
  const some = values.filter((value) => value > 0).sort((a, b) => a - b);
  if (!some.length) return [];
  const least = [some[0]];
  for (let part = 1; part < CLASSES; part += 1) {
    const value = some[Math.floor((part * some.length) / CLASSES)];
    if (value > least.at(-1)) least.push(value);
  }
  return least;
}

function legend(steps) {
  const spans = [[0, (steps[0] ?? 1) - 1], ...steps.map((least, index) => [least, steps[index + 1] === undefined ? null : steps[index + 1] - 1])];
  const words = ([from, to]) => (to === null ? `${count(from)}+` : from === to ? count(from) : `${count(from)}–${count(to)}`);
  return h(
    "ol",
    { class: "legend", "aria-label": `${BY[by]}件数` },
    spans.map((span, index) => h("li", { class: `of-${index}` }, words(span))),
    by === "overdue" ? null : h("li", { class: "dot" }, "有超期"),
  );
}

function projected(features) {
  const rings = features.map((feature) => ringsOf(outlines.get(feature.id)));
  const all = rings.flat(2);
  const [west, east] = extent(all.map(([lng]) => lng));
  const [south, north] = extent(all.map(([, lat]) => lat));
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = SIZE / Math.max((east - west) * squeeze, north - south, 1e-9);
  const place = ([lng, lat]) => [(lng - west) * squeeze * scale, (north - lat) * scale];
  return features.map((feature, index) => {
    const placed = rings[index].map((ring) => ring.map(place));
    const points = placed.flat();
    const [left, right] = extent(points.map(([x]) => x));
    const [top, foot] = extent(points.map(([, y]) => y));
    const path = placed.map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}Z`).join("");
    return { feature, path, left, right, top, foot, x: (left + right) / 2, y: (top + foot) / 2 };
  });
}

function ringsOf(geometry) {
  return geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
}

function extent(values) {
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
}

function box(shapes) {
  const [right] = extent(shapes.map((shape) => -shape.right));
  const [foot] = extent(shapes.map((shape) => -shape.foot));
  return `-6 -6 ${12 - right} ${12 - foot}`;
}

function dots(shapes) {
  const small = Math.min(1, Math.max(0.4, Math.sqrt(FEW / shapes.length)));
  return shapes
    .filter((shape) => shape.feature.properties.overdue)
    .map((shape) => {
      const dot = s("circle", { class: "dot", cx: shape.x, cy: shape.y });
      dot.style.setProperty("--size", small * (1 + 0.6 * Math.sqrt(shape.feature.properties.overdue)));
      return dot;
    });
}

/** Names of the grids with most, in the size of the page's type, where they do not run into one another. */
function label(picture, group, shapes) {
  const zoom = 1 / (picture.getScreenCTM()?.a || 1);
  picture.style.setProperty("--zoom", zoom);
  const height = rem() * zoom;
  const view = picture.viewBox.baseVal;
  const most = shapes.filter((shape) => shape.feature.properties[by]).sort((a, b) => b.feature.properties[by] - a.feature.properties[by]);
  const taken = [];
  const texts = most.slice(0, shapes.length > FEW ? LABELS / 2 : LABELS).flatMap((shape) => {
    const words = shape.feature.properties.name;
    const half = (0.45 * words.length + 0.3) * height;
    const x = Math.min(Math.max(shape.x, view.x + half), view.x + view.width - half);
    const place = { x, y: Math.max(shape.y - 0.7 * height, view.y + height), half };
    const clear = taken.every((other) => Math.abs(other.x - place.x) > other.half + place.half || Math.abs(other.y - place.y) > 2 * height);
    if (!clear) return [];
    taken.push(place);
    return [s("text", { x: place.x, y: place.y, "text-anchor": "middle" }, words)];
  });
  group.replaceChildren(...texts);
}

/** To the nearest grid that way. */
function walk(event, shapes, grids) {
  const move = MOVES[event.key];
  const from = shapes[grids.indexOf(document.activeElement)];
  if (!move || !from) return;
  event.preventDefault();
  const away = (shape) => {
    const along = (shape.x - from.x) * move[0] + (shape.y - from.y) * move[1];
    const aside = Math.abs((shape.x - from.x) * move[1]) + Math.abs((shape.y - from.y) * move[0]);
    return along > 1 ? along + 2 * aside : Infinity;
  };
  const best = shapes.map(away).reduce((least, value, index, all) => (value < all[least] ? index : least), 0);
  if (away(shapes[best]) === Infinity) return;
  grids.forEach((each) => each.setAttribute("tabindex", "-1"));
  grids[best].setAttribute("tabindex", "0");
  grids[best].focus();
}
