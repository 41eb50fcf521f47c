/* The tickets behind a figure, in a dialog: what was counted, over what, and each ticket of it, page by page.
   Which tickets those are is the server's to say. */

import * as client from "./client.js";
import { h } from "./dom.js";
import { DAY_AND_CLOCK, count, lateness, moment } from "./words.js";

const PAGE = 50;
const STATUS = {
  draft: "暂存", reported: "待受理", returned: "退回补充", accepted: "待推送", dispatched: "待签收",
  processing: "处理中", suspended: "挂起", escalating: "上级研处", resolved: "待回访", evaluating: "待评价",
  closed: "已结案", not_accepted: "不予受理", withdrawn: "已撤回", voided: "已作废", merged: "已并案",
};

/** Open the tickets of a figure: {title, about, words}; `words` are what the server is asked with. */
export function open({ title, about, words, parts, narrow }) {
  const body = h("div", { class: "found", "data-scroll": true, tabindex: "0", role: "region", "aria-label": "工单" });
  const dialog = h(
    "dialog",
    { class: "drill", "aria-labelledby": "drill-title" },
    h("header", {}, h("h2", { id: "drill-title" }, title), narrow ? only(narrow) : null, button("关闭", close)),
    about ? h("p", { class: "about" }, about) : null,
    parts ? partsOf(parts, words, (chosen) => list(body, chosen)) : null,
    body,
  );
  function close() {
    dialog.close();
  }
  function only(narrow) {
    return button("只看此处", () => {
      close();
      narrow();
    });
  }
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  list(body, words);
}

function button(words, onclick) {
  return h("button", { type: "button", class: "plain", onclick }, words);
}

function partsOf(parts, words, choose) {
  const buttons = parts.map(({ part, label }) =>
    h("button", { type: "button", class: "plain", "aria-pressed": String(part === words.part), onclick }, label),
  );
  function onclick({ currentTarget }) {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === currentTarget)));
    choose({ ...words, part: parts[buttons.indexOf(currentTarget)].part });
  }
  return h("div", { class: "parts", role: "group", "aria-label": "哪一部分" }, buttons);
}

async function list(body, words) {
  body.replaceChildren(h("p", { class: "empty", role: "status" }, "正在取工单…"));
  body.dataset.words = JSON.stringify(words);
  try {
    const found = await client.counted({ ...words, limit: PAGE });
    if (body.dataset.words !== JSON.stringify(words)) return;
    if (!found.items.length) return body.replaceChildren(h("p", { class: "empty" }, "没有工单。"));
    const table = h("table", {}, head(), h("tbody", {}, found.items.map(row)));
    body.replaceChildren(table);
    more(body, table, words, found.next_cursor);
  } catch (refusal) {
    body.replaceChildren(h("p", { class: "empty", role: "alert" }, refused(refusal)));
  }
}

function more(body, table, words, cursor) {
  if (!cursor) return;
  const button = h("button", { type: "button", class: "plain more", onclick }, "更多");
  async function onclick() {
    button.disabled = true;
    try {
      const found = await client.counted({ ...words, limit: PAGE, cursor });
      button.remove();
      table.tBodies[0].append(...found.items.map(row));
      more(body, table, words, found.next_cursor);
    } catch {
      button.disabled = false;
    }
  }
  body.append(button);
}

function head() {
  const names = ["编号", "事项", "类别", "环节", "网格", "承办", "上报", "时限"];
  return h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name))));
}

function row(ticket) {
  const late = !ticket.closed_at && ticket.due_at ? lateness(ticket.due_at, Date.now()) : "";
  const cells = [
    ["编号", h("span", { class: "no" }, ticket.no), ticket.times > 1 ? ` ×${count(ticket.times)}` : null],
    ["事项", ticket.title ?? "（无权查看）"],
    ["类别", ticket.category ?? "–"],
    ["环节", STATUS[ticket.status] ?? ticket.status],
    ["网格", ticket.area.name],
    ["承办", ticket.org?.name ?? "–"],
    ["上报", moment(ticket.reported_at, DAY_AND_CLOCK)],
    ["时限", late ? h("span", { class: "late" }, late) : ticket.due_at ? moment(ticket.due_at, DAY_AND_CLOCK) : "–"],
  ];
  return h("tr", {}, cells.map(([name, ...words]) => h("td", { "data-name": name }, words)));
}

function refused(refusal) {
  if (refusal.status === 429) return "查询太频繁，请稍后再试。";
  return refusal.said || "暂时取不到工单，请稍后再试。";
}
