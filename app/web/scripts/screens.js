/* The two screens as data: which panels stand on them, and of which period they tell unless somebody chooses. */

import * as categories from "./panels/categories.js";
import * as flow from "./panels/flow.js";
import * as kpis from "./panels/kpis.js";
import * as live from "./panels/live.js";
import * as map from "./panels/map.js";
import * as overdue from "./panels/overdue.js";
import * as ranking from "./panels/ranking.js";
import * as trend from "./panels/trend.js";
import * as visits from "./panels/visits.js";

/** Periods by the server's names. */
export const PERIODS = {
  today: "今日",
  week: "本周",
  last_7_days: "近 7 天",
  month: "本月",
  last_30_days: "近 30 天",
  last_month: "上月",
  quarter: "本季度",
  half_year: "本半年",
  year: "本年",
};

const counts = ["reports", "closed"];

/** For who steers: what is happening now, where, and in whose hands. */
const command = {
  title: "指挥中心",
  period: "last_7_days",
  panels: [
    flow,
    kpis.panel({
      name: "kpis",
      title: "关键指标",
      codes: [
        "on_time_rate",
        "accept_on_time",
        "sign_on_time",
        "contact_on_time",
        "solved_rate",
        "satisfaction_rate",
        "rework_rate",
        "avg_handle_time",
      ],
    }),
    map,
    visits,
    overdue,
    categories,
    trend.panel({ codes: counts, period: "last_30_days" }),
    ranking.panel({ name: "rank", title: "排名", by: "area", kpi: "composite" }),
    live,
  ],
};

/** For who answers for a town: how well it is done, against before and against the others. */
const leader = {
  title: "镇街领导",
  period: "month",
  panels: [
    kpis.panel({
      name: "heads",
      title: "主要指标",
      codes: ["composite", "on_time_rate", "solved_rate", "satisfaction_rate", "overdue_open"],
      large: true,
    }),
    flow,
    kpis.panel({
      name: "kpis",
      title: "分项指标",
      codes: [
        "reports",
        "valid_report_rate",
        "first_time_fix",
        "rework_rate",
        "decline_rate",
        "close_rate",
        "mediation_success",
        "effective_visit_rate",
      ],
    }),
    ranking.panel({ name: "rank", title: "区域排名", by: "area", kpi: "composite" }),
    ranking.panel({ name: "orgs", title: "单位排名", by: "org", kpi: "on_time_rate" }),
    map,
    categories,
    trend.panel({ codes: counts }),
    visits,
    overdue,
  ],
};

/** The screens by their names in the address. */
export const SCREENS = { command, leader };
