/* Light or dark: as the machine says, until somebody chooses; the choice is this browser's. */

const KEY = "wangge.theme";
const machine = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

/** “light” or “dark”. */
export const present = () => localStorage.getItem(KEY) ?? (machine.matches ? "dark" : "light");

/** Put the theme on the page, and follow the machine's. */
export function begin() {
  machine.addEventListener("change", apply);
  apply();
}

/** Change over to the other one. */
export function toggle() {
  localStorage.setItem(KEY, present() === "dark" ? "light" : "dark");
  apply();
}

/** Be told the present one, and when it changes, until `signal` ends it. */
export function follow(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
  listener(present());
}

function apply() {
  document.documentElement.dataset.theme = present();
  listeners.forEach((listener) => listener(present()));
}
