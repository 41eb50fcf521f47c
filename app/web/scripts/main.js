/* Where the page begins: the theme, who this is, and then a screen. */

import * as client from "./client.js";
import { Screen } from "./screen.js";
import * as session from "./session.js";
import * as signin from "./signin.js";
import * as theme from "./theme.js";
import * as tooltip from "./tooltip.js";

const LEADERS = ["leader_viewer", "statistician"];
const page = document.getElementById("page");

theme.begin();
tooltip.begin();
session.takeFromAddress();
session.askOthers(() => location.reload());
enter("");
// A new token in the address of an open page is somebody's wish to begin anew.
addEventListener("hashchange", () => session.takeFromAddress() && location.reload());

async function enter(words) {
  if (!session.known()) {
    signin.show(page, words, () => enter(""));
    return;
  }
  const screen = new Screen(page, { usual: await usual(), attended: !session.unattended(), left: enter });
  screen.begin();
}

/** The screen for who has chosen none. */
async function usual() {
  if (session.unattended()) return "command";
  const who = await client.me().catch(() => ({ roles: [] }));
  return who.roles.some(({ role }) => LEADERS.includes(role)) ? "leader" : "command";
}
