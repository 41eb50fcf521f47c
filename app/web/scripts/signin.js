/* The way in for a person: a name, a password, and what went wrong. */

import * as client from "./client.js";
import { exchange, h } from "./dom.js";

/** Ask for name and password in `element`; `done` is called when somebody has signed in. */
export function show(element, words, done) {
  const username = h("input", { name: "username", autocomplete: "username", autocapitalize: "none", required: true });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const told = h("p", { class: "told", role: "alert" }, words);
  const button = h("button", { class: "go" }, "登录");
  const form = h(
    "form",
    { onsubmit },
    h("label", {}, h("span", {}, "账号或手机号"), username),
    h("label", {}, h("span", {}, "密码"), password),
    button,
    told,
  );
  async function onsubmit(event) {
    event.preventDefault();
    button.disabled = true;
    told.textContent = "";
    try {
      await client.signIn(username.value, password.value);
      done();
    } catch (refusal) {
      told.textContent = refused(refusal);
      password.value = "";
      password.focus();
    } finally {
      button.disabled = false;
    }
  }
  exchange(
    element,
    h("main", { class: "way-in" }, h("h1", {}, "网格治理"), h("p", { class: "soft" }, "发现上报 · 分类推送 · 协调处理 · 跟踪回访 · 评价结案"), form),
  );
  username.focus();
}

function refused(refusal) {
  if (refusal.code === "password_change_required") return "首次登录须先修改初始密码，请在手机端或管理端修改后再来。";
  return refusal.said || "连不上服务器，请稍后再试。";
}
