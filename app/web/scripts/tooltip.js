/* The words behind a figure, shown beside whatever has `data-tip` while it is pointed at or has the focus.

   The element says the same to who cannot see it: `data-tip` stands beside an `aria-label` or in a
   description that the panel gives. */

import { h } from "./dom.js";

const GAP = 8;
let bubble = null;

/** Watch the whole page. */
export function begin() {
  bubble = h("div", { class: "tip", role: "tooltip", id: "tip", hidden: true });
  document.body.append(bubble);
  document.addEventListener("pointerover", ({ target, pointerType }) => pointerType !== "touch" && show(target));
  document.addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && show(target));
  document.addEventListener("focusout", hide);
  document.addEventListener("pointerdown", hide);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
}

/** Take the words away. */
export function hide() {
  bubble.hidden = true;
}

function show(target) {
  const told = target instanceof Element ? target.closest("[data-tip]") : null;
  if (!told) return hide();
  bubble.textContent = told.dataset.tip;
  bubble.hidden = false;
  // A dialog stands above everything else, so its words go inside it.
  (told.closest("dialog") ?? document.body).append(bubble);
  const at = told.getBoundingClientRect();
  const size = bubble.getBoundingClientRect();
  const left = Math.min(Math.max(GAP, at.left + at.width / 2 - size.width / 2), innerWidth - size.width - GAP);
  const above = at.top - size.height - GAP;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${above > GAP ? above : Math.min(at.bottom + GAP, innerHeight - size.height - GAP)}px`;
}
