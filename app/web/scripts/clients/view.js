/* What a client is shown of itself: its terms, what is left of its allowances, its calls, its deliveries. */

import { h, s } from "../dom.js";

const STATES = { waiting: "等待", delivered: "已送达", failed: "失败" };
const WINDOWS = { minute: "每分钟", day: "每 24 小时" };
const number = new Intl.NumberFormat("zh-CN");
const moment = new Intl.DateTimeFormat("zh-CN", { dateStyle: "short", timeStyle: "medium", timeZone: "Asia/Shanghai" });

/** The whole page; `actions` are what its buttons do. */
export function page(told, actions) {
  return h(
    "main",
    { class: "client" },
    h(
      "header",
      {},
      h("div", {}, h("h1", {}, told.name), h("p", { class: "soft" }, `${told.owner} · ${told.purpose}`)),
      h("button", { class: "plain", "data-key": "refresh", onclick: actions.refresh }, "刷新"),
      h("button", { class: "plain", "data-key": "leave", onclick: actions.leave }, "退出"),
    ),
    h("p", { role: "alert", class: "late" }),
    part("限额", h("ul", { class: "allowances" }, told.allowances.map(allowance))),
    part("近 30 天", totals(told.days), chart(told.days), byDay(told.days)),
    part("按接口", byOperation(told.operations)),
    part("最近推送", deliveries(told.deliveries)),
    part("令牌与权限", terms(told)),
  );
}

function part(title, ...children) {
  return h("section", { "aria-label": title }, h("h2", {}, title), ...children);
}

function allowance({ name, limit, remaining, reset_s }) {
  const words = `剩 ${number.format(remaining)} / ${number.format(limit)} 次`;
  const label = WINDOWS[name] ?? name;
  const until = reset_s > 0 ? `${number.format(reset_s)} 秒后完全恢复` : "";
  return h(
    "li",
    {},
    h("span", {}, label),
    h("meter", { min: 0, max: limit, low: limit / 10, optimum: limit, value: remaining, "aria-label": `${label}剩余` }),
    h("strong", {}, words),
    h("span", { class: "soft" }, until),
  );
}

function totals(days) {
  const sum = (name) => number.format(days.reduce((all, day) => all + day[name], 0));
  return h(
    "dl",
    { class: "totals" },
    [
      ["调用", "calls"],
      ["出错", "errors"],
      ["超限", "limited"],
    ].map(([label, name]) => h("div", {}, h("dt", {}, label), h("dd", { "data-total": name }, sum(name)))),
  );
}

/** Columns of calls, with errors and refusals at their feet; the table below says the same in numbers. */
function chart(days) {
  const most = Math.max(1, ...days.map((day) => day.calls));
  const height = 40;
  const column = (value, index, kind) => {
    const tall = (height * value) / most;
    return s("rect", { class: kind, x: index * 4, y: height - tall, width: 3, height: tall });
  };
  return s(
    "svg",
    { viewBox: `0 0 ${days.length * 4} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "columns" },
    days.flatMap((day, index) => [
      column(day.calls, index, "calls"),
      column(day.errors + day.limited, index, "wrong"),
    ]),
  );
}

function byDay(days) {
  const rows = [...days].reverse().filter((day) => day.calls > 0);
  return h("details", {}, h("summary", {}, "逐日数字"), table("逐日调用", ["日期", "调用", "出错", "超限"], rows.map((day) => [day.day, day.calls, day.errors, day.limited])));
}

function byOperation(operations) {
  const rows = operations.map((one) => [one.operation, one.calls, one.errors, one.limited, when(one.last_at)]);
  return table("按接口统计", ["接口", "调用", "出错", "超限", "最近一次"], rows);
}

function deliveries(rows) {
  const told = rows.map((row) => [
    when(row.created_at),
    row.event_type,
    STATES[row.state] ?? row.state,
    row.attempts,
    row.status ?? row.failure ?? "–",
  ]);
  return table("最近推送记录", ["时间", "事件", "状态", "次数", "对方答复"], told);
}

function terms(told) {
  const rows = [
    ["令牌", `wg_${told.token.key}.…`],
    ["区域", told.token.area.name],
    ["权限", told.token.scopes.join("、") || "无"],
    ["可得的个人相关字段", told.fields.join("、") || "无"],
    ["允许的来源网段", told.networks.join("、") || "不限"],
    ["令牌有效期至", when(told.token.expires_at)],
    ["接入有效期至", when(told.expires_at)],
    ["令牌最近使用", told.token.last_used_at ? when(told.token.last_used_at) : "–"],
  ];
  if (told.token.former_secret_until) rows.push(["旧密钥有效至", when(told.token.former_secret_until)]);
  return h("dl", { class: "terms" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function table(title, heads, rows) {
  if (rows.length === 0) return h("p", { class: "soft" }, "还没有。");
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": title },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, typeof cell === "number" ? number.format(cell) : String(cell)))))),
    ),
  );
}

function when(time) {
  return moment.format(new Date(time));
}
