// The analytics view: what a span comes to, how it went, and which tickets are behind it. Everything follows from the address.

import { asked, choose } from "./address.js";
import { createAnalyticsCharts } from "./analytics_charts.js";
import { showAgents, showDistribution, showEmotions, showSummary, showTickets } from "./analytics_tables.js";
import { ask, pairs } from "./asking.js";
import { byId, say } from "./elements.js";
import { compared, createFilters, selection, span, stepOf } from "./filters.js";
import { createHeatMap, showHeatMap } from "./heat_map.js";
import { DAY, dayAndClock } from "./words.js";

const ORDERS = ["negative_first", "newest", "oldest", "positive_first"];
const PAGE = 10;
const MOST = 500;

export function createAnalytics({ tenant }) {
  const charts = createAnalyticsCharts();
  const filters = createFilters();
  createHeatMap();
  let rows = PAGE;
  let offered = null;

  const tickets = () => ["tickets", { tenant: tenant(), ...selection(), sort: order(), limit: rows, has: asked().get("has") }, (answer) => showTickets(answer.tickets, answer.next_cursor !== null && rows < MOST)];

  byId("more-tickets").addEventListener("click", async () => {
    rows = Math.min(MOST, rows + PAGE);
    const [path, parameters, show] = tickets();
    try {
      show(await ask(path, parameters));
    } catch {
      rows -= PAGE;
    }
  });
  byId("ticket-order").addEventListener("change", ({ target }) => choose({ sort: target.value === ORDERS[0] ? null : target.value }));

  function showCharts(answer) {
    byId("analytics").dataset.view = "figures";
    say("analytics-span", `${dayAndClock(new Date(answer.since))} – ${dayAndClock(new Date(answer.until))}`);
    // Of what is shown, not of what the clock says when somebody follows it.
    byId("span-report").href = `/api/v1/report?${new URLSearchParams(pairs({ tenant: tenant(), ...selection(), from: answer.since, to: answer.until }))}`;
    charts.show(answer);
  }

  // Asked once for a tenant and a span: what there is to choose from does not depend on what is chosen.
  async function offer() {
    const { from, to } = selection();
    const key = JSON.stringify([tenant(), span(), to]);
    if (offered === key) return;
    offered = key;
    try {
      const found = await Promise.all(["channel", "category", "agent"].map((by) => ask("analytics/breakdown", { tenant: tenant(), from, to, by })));
      const [channel, category, agent] = found.map((each) => each.groups.map(({ value }) => value).filter(Boolean));
      if (offered === key) filters.offer({ channel, category, agent });
    } catch {
      offered = null;
    }
  }

  return {
    // What the form shows before the answer is there.
    expect() {
      filters.show();
      byId("ticket-order").value = order();
    },
    parts() {
      const chosen = { tenant: tenant(), ...selection() };
      const { from, to, days } = span();
      const until = to === null ? Date.now() / 1000 : Date.parse(to) / 1000;
      const step = stepOf(days === null ? Date.parse(from) / 1000 : until - Number(days) * DAY, until);
      return [
        ["analytics/trends", { ...chosen, step, compare: compared() }, showCharts],
        ["analytics/distribution", chosen, (answer) => showDistribution(answer.distribution, answer.total)],
        ["analytics/heatmap", { ...chosen, rows: "channel", columns: "category" }, showHeatMap],
        ["analytics/summary", chosen, showSummary],
        tickets(),
        ["analytics/emotions", chosen, (answer) => showEmotions(answer.emotions, answer.total_analyzed)],
        ["analytics/agents", chosen, (answer) => showAgents(answer.agents)],
      ];
    },
    // Something else is asked for.
    begin() {
      rows = PAGE;
      offer();
    },
    repaint: () => charts.repaint(),
  };
}

const order = () => (ORDERS.includes(asked().get("sort")) ? asked().get("sort") : ORDERS[0]);
