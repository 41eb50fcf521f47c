/* Figures, times and comparisons as people read them. A value that is not there is a dash, never a nought. */

export const NONE = "–";
const ZONE = "Asia/Shanghai";
const DAY_MINUTES = 420;
const whole = new Intl.NumberFormat("zh-CN", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("zh-CN", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A count with its thousands apart. */
export const count = (value) => (value === null || value === undefined ? NONE : whole.format(value));

/** A value and its unit apart, so that the unit can stand smaller: [“95.6”, “%”]. */
export function valued(value, unit) {
  if (value === null || value === undefined) return [NONE, ""];
  if (unit === "share") return [tenth.format(100 * value), "%"];
  if (unit === "minutes") return lasting(value, value);
  if (unit === "class") return ["≤ " + lasting(value, value)[0], lasting(value, value)[1]];
  if (unit === "score") return [tenth.format(value), "分"];
  return [unit === "count" ? whole.format(value) : tenth.format(value), ""];
}

/** A value with its unit in one word. */
export const said = (value, unit) => valued(value, unit).join("");

/** By how much a value differs, in the unit that the value is told in: [“1.2”, “个百分点”]. */
function difference(change, unit, value) {
  const size = Math.abs(change);
  if (unit === "share") return [tenth.format(100 * size), "个百分点"];
  if (unit === "minutes" || unit === "class") return lasting(size, value);
  return valued(size, unit);
}

/** Where a KPI is going, and whether that is good: {arrow, sense, short, words}; null where nobody can say. */
export function going(change, { unit, better, value }) {
  if (change === null || change === undefined) return null;
  const least = unit === "share" ? 0.0005 : 0.05;
  if (Math.abs(change) < least) return { arrow: "", sense: "soft", short: "持平", words: "持平" };
  const up = change > 0;
  const good = better === "neither" ? null : (better === "higher") === up;
  const sense = good === null ? "soft" : good ? "good" : "bad";
  const judged = good === null ? "" : good ? "，好转" : "，变差";
  const [short, of] = difference(change, unit, value);
  return { arrow: up ? "▲" : "▼", sense, short, words: `${up ? "升" : "降"} ${short} ${of}`.trim() + judged };
}

/** “按时办结率 95.6% = 412 ÷ 430”, with the comparisons below. */
export function explained(kpi) {
  const lines = [`${kpi.name}　${said(kpi.value, kpi.unit)}`];
  if (kpi.denominator !== null && kpi.numerator !== null)
    lines.push(`${count(kpi.numerator)} ÷ ${count(kpi.denominator)}`);
  if (kpi.previous && hasPast(kpi)) {
    lines.push(compared("环比", kpi.change, kpi.previous, kpi));
    lines.push(compared("同比", kpi.change_on_year, kpi.year_before, kpi));
  }
  return lines.join("\n");
}

/** Whether a KPI has a before: what is so now, whatever the period, has none. */
export const hasPast = ({ previous }) => previous.numerator !== null;

function compared(word, change, then, kpi) {
  const way = going(change, kpi);
  return `${word}　${way ? way.words : NONE}（${said(then.value, kpi.unit)}）`;
}

/** Working minutes in the unit that suits `like`: minutes, hours, or working days of seven hours. */
function lasting(minutes, like) {
  if (like < 60) return [whole.format(minutes), "分钟"];
  if (like < 2 * DAY_MINUTES && like !== DAY_MINUTES) return [trimmed(minutes / 60), "小时"];
  return [trimmed(minutes / DAY_MINUTES), "工作日"];
}

function trimmed(value) {
  return Number.isInteger(value) ? whole.format(value) : tenth.format(value);
}

const formats = new Map();

/** A moment in Shanghai by the parts asked for. */
export function moment(value, options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour12: false, ...options }));
  return formats.get(key).format(new Date(value));
}

export const CLOCK = { hour: "2-digit", minute: "2-digit" };
export const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
export const DATE = { year: "numeric", month: "long", day: "numeric", weekday: "long" };
export const DAY = { month: "numeric", day: "numeric" };
export const DAY_AND_CLOCK = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };

/** How long ago: “刚刚”, “8 秒前”, “3 分钟前”. */
export function ago(seconds) {
  if (seconds < 3) return "刚刚更新";
  if (seconds < 60) return `${Math.floor(seconds)} 秒前`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} 分钟前`;
  return `${Math.floor(seconds / 3600)} 小时前`;
}

/** How late, or how long still: “超期 2 天”, “超期 5 小时”. */
export function lateness(due, now) {
  const hours = (now - new Date(due)) / 3_600_000;
  if (hours < 0) return "";
  if (hours < 1) return "超期不足 1 小时";
  return hours < 48 ? `超期 ${Math.floor(hours)} 小时` : `超期 ${Math.floor(hours / 24)} 天`;
}
