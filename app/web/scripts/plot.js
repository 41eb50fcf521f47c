/* Charts by plotly.js, fetched when the first one is drawn; in the page's colours and type, and still. */

import { h } from "./dom.js";

let loading = null;

/** plotly.js; one fetch however many charts wait for it. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const path = document.querySelector('meta[name="wangge-plotly"]').content;
    const script = h("script", { src: new URL(`dashboard/${path}`, document.baseURI) });
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = null;
      reject(new Error("plotly.js"));
    };
    document.head.append(script);
  });
  return loading;
}

/** A colour of the page by its name. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** How large a rem is now. */
export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** Draw, or draw anew; `pressed` gets the point that was clicked. */
export async function draw(element, traces, layout, pressed) {
  const library = await plotly();
  if (!element.isConnected) return;
  await library.react(element, traces, { ...plain(), ...layout }, { displayModeBar: false, responsive: true });
  element.removeAllListeners?.("plotly_click");
  element.on("plotly_click", ({ points }) => pressed(points[0]));
}

function plain() {
  const size = rem();
  const font = { family: getComputedStyle(document.body).fontFamily, size: 0.85 * size, color: colour("soft") };
  return {
    font,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 2.6 * size, r: 1.4 * size, t: 0.4 * size, b: 1.7 * size },
    showlegend: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("raised"), bordercolor: colour("line"), font: { ...font, color: colour("ink") } },
    dragmode: false,
  };
}
