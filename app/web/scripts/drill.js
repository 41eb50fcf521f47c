/* The tickets behind a figure, in a dialog: what was counted, over what, and each ticket of it, page by page.
   Which tickets those are is the server's to say. */

import * as client from "./client.js";
import * as dialog from "./dialog.js";
import { h } from "./dom.js";
import { DAY_AND_CLOCK, count, lateness, moment } from "./words.js";

const PAGE = 50;
const COLUMNS = ["编号", "事项", "类别", "环节", "网格", "承办", "上报", "时限"];

/** Open the tickets of a figure: {title, about, parts, narrow}; `words` are what the server is asked with. */
export function open({ words, parts, ...rest }) {
  const beside = parts ? (body) => partsOf(parts, words, (chosen) => list(body, chosen)) : null;
  list(dialog.open({ ...rest, beside, label: "工单" }).body, words);
}

function partsOf(parts, words, choose) {
  const buttons = parts.map(({ part, label }) => dialog.button(label, onclick, { "aria-pressed": String(part === words.part) }));
  function onclick({ currentTarget }) {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === currentTarget)));
    choose({ ...words, part: parts[buttons.indexOf(currentTarget)].part });
  }
  return h("div", { class: "parts", role: "group", "aria-label": "哪一部分" }, buttons);
}

function list(body, words) {
  const ask = () => client.counted({ ...words, limit: PAGE });
  dialog.fill(body, ask, (found) => {
    if (!found.items.length) return [h("p", { class: "empty" }, "没有工单。")];
    const table = dialog.table(COLUMNS, found.items.map(cells));
    return [table, more(table, words, found.next_cursor)].filter(Boolean);
  });
}

function more(table, words, cursor) {
  if (!cursor) return null;
  const button = dialog.button("更多", onclick, { class: "plain more" });
  async function onclick() {
    button.disabled = true;
    try {
      const found = await client.counted({ ...words, limit: PAGE, cursor });
      table.tBodies[0].append(...found.items.map((ticket) => dialog.row(COLUMNS, cells(ticket))));
      button.replaceWith(...[more(table, words, found.next_cursor)].filter(Boolean));
    } catch {
      button.disabled = false;
    }
  }
  return button;
}

function cells(ticket) {
  const late = !ticket.closed_at && ticket.due_at ? lateness(ticket.due_at, Date.now()) : "";
  return [
    [h("span", { class: "no" }, ticket.no), ticket.times > 1 ? ` ×${count(ticket.times)}` : null],
    [ticket.title ?? "（无权查看）"],
    [ticket.category ?? "–"],
    [ticket.status_name],
    [ticket.area.name],
    [ticket.org?.name ?? "–"],
    [h("span", { class: "when" }, moment(ticket.reported_at, DAY_AND_CLOCK))],
    [h("span", { class: late ? "when late" : "when" }, late || (ticket.due_at ? moment(ticket.due_at, DAY_AND_CLOCK) : "–"))],
  ];
}
