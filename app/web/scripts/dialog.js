/* A dialog above the page: its head, what it is about, and a body that comes when the server has answered. */

import { h } from "./dom.js";

/** Open a dialog: {title, about, narrow, label}; `beside` makes what stands between its head and its body. */
export function open({ title, about, narrow, label, beside }) {
  const body = h("div", { class: "found", "data-scroll": true, tabindex: "0", role: "region", "aria-label": label });
  const close = () => dialog.close();
  const only = () => {
    close();
    narrow();
  };
  const dialog = h(
    "dialog",
    { class: "drill", "aria-labelledby": "drill-title" },
    h("header", {}, h("h2", { id: "drill-title" }, title), narrow ? button("只看此处", only) : null, button("关闭", close)),
    about ? h("p", { class: "about" }, about) : null,
    beside ? beside(body) : null,
    body,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", ({ target }) => target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
  return { body, close };
}

/** Fill a body with what is asked for; the last who asks wins. */
export async function fill(body, ask, draw) {
  const asked = {};
  body.replaceChildren(h("p", { class: "empty", role: "status" }, "正在取数…"));
  body.asked = asked;
  try {
    const found = await ask();
    if (body.asked === asked) body.replaceChildren(...draw(found));
  } catch (refusal) {
    if (body.asked === asked) body.replaceChildren(h("p", { class: "empty", role: "alert" }, refused(refusal)));
  }
}

/** A table with these columns; a row is its cells. */
export function table(names, rows) {
  const head = h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)));
  return h("table", {}, h("thead", {}, head), h("tbody", {}, rows.map((cells) => row(names, cells))));
}

/** A row of a table; on a phone each cell stands behind its name. */
export function row(names, cells) {
  return h("tr", {}, cells.map((words, index) => h("td", { "data-name": names[index] }, words)));
}

/** A small button of words. */
export function button(words, onclick, attributes = {}) {
  return h("button", { type: "button", class: "plain", onclick, ...attributes }, words);
}

function refused(refusal) {
  if (refusal.status === 429) return "查询太频繁，请稍后再试。";
  return refusal.said || "暂时取不到，请稍后再试。";
}
