/* A client's page of itself: it takes the token, keeps it for this tab alone, and shows what the server tells.

   A token may come behind the # of the address, which no server and no log ever sees; it is taken out of it at
   once. The page asks again every minute while somebody can see it. */

import { exchange, h } from "../dom.js";
import * as theme from "../theme.js";
import * as view from "./view.js";

const KEY = "wangge.client";
const EVERY_MS = 60_000;
const TIMEOUT_MS = 30_000;
const SELF = new URL("v1/clients/self", new URL(".", document.baseURI));

const page = document.getElementById("page");
let timer = 0;

theme.begin();
addEventListener("hashchange", () => takeFromAddress() && refresh());
document.addEventListener("visibilitychange", () => !document.hidden && refresh());
takeFromAddress();
refresh();

function takeFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  history.replaceState(null, "", location.pathname + location.search);
  sessionStorage.setItem(KEY, token);
  return true;
}

async function refresh() {
  clearTimeout(timer);
  if (!sessionStorage.getItem(KEY)) {
    ask("");
    return;
  }
  try {
    show(await own());
  } catch (refusal) {
    if (refusal.status === 401 || refusal.status === 403) leave(refusal.said);
    else warn(refusal);
  }
  clearTimeout(timer);
  timer = setTimeout(() => !document.hidden && refresh(), EVERY_MS);
}

async function own() {
  const reply = await fetch(SELF, {
    cache: "no-store",
    credentials: "omit",
    headers: { Authorization: `Bearer ${sessionStorage.getItem(KEY)}`, "Accept-Language": "zh-CN" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok) throw Object.assign(new Error(reply.status), { status: reply.status, said: body.detail ?? "" });
  return body;
}

function show(told) {
  exchange(page, view.page(told, { refresh, leave: () => leave("") }));
}

/** What is shown already stays; above it stands why it is not newer. */
function warn(refusal) {
  const words = refusal.said || "连不上服务器，将自动重试。";
  const place = page.querySelector("[role=alert]");
  if (place) place.textContent = words;
  else exchange(page, h("main", { class: "client" }, h("h1", {}, "接入方"), h("p", { role: "alert", class: "late" }, words)));
}

function leave(words) {
  sessionStorage.removeItem(KEY);
  ask(words);
}

function ask(words) {
  const token = h("input", { name: "token", type: "password", autocomplete: "off", required: true });
  const form = h(
    "form",
    { onsubmit },
    h("label", {}, h("span", {}, "接口令牌"), token),
    h("button", { class: "go" }, "查看"),
    h("p", { class: "told", role: "alert" }, words),
  );
  function onsubmit(event) {
    event.preventDefault();
    sessionStorage.setItem(KEY, token.value.trim());
    refresh();
  }
  const hint = "令牌只保存在本标签页，关闭即清除。";
  exchange(page, h("main", { class: "way-in" }, h("h1", {}, "接入方"), h("p", { class: "soft" }, hint), form));
  token.focus();
}
