/* What is looked at: which screen, which period, which place. It stands behind the # of the address, so that a
   wall opens on what it was left at; the server is never told of it. */

import { PERIODS, SCREENS } from "./screens.js";

const UUID = /^[0-9a-f-]{36}$/;

/** What the address says, as far as it makes sense; `usual` is the screen for who says nothing. */
export function read(usual) {
  const words = new URLSearchParams(location.hash.slice(1));
  const screen = words.get("screen") in SCREENS ? words.get("screen") : usual;
  const period = words.get("period") in PERIODS ? words.get("period") : SCREENS[screen].period;
  const area = UUID.test(words.get("area") ?? "") ? words.get("area") : null;
  return { screen, period, area };
}

/** Put it behind the #, without a step in the history. */
export function write({ screen, period, area }) {
  const words = new URLSearchParams({ screen, period });
  if (area) words.set("area", area);
  history.replaceState(null, "", `#${words}`);
}
