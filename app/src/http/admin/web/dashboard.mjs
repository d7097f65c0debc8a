// How the relay is doing now, and how it was since the page was opened.

import { bytes, count, duration, h } from "./dom.mjs";
import { chart } from "./chart.mjs";
import { get } from "./session.mjs";

const EVERY_MS = 2_000;
/** Ten minutes of them. */
const KEPT = 300;

/** What was counted, kept while the page is open, so that the view can be left and come back to. */
const samples = [];
let before = null;

const rate = (value) => `${value >= 10 ? count(Math.round(value)) : value.toFixed(1)}/s`;

/** What came a second between two looks, by name. */
function rates(now, then, seconds) {
  return Object.fromEntries(Object.entries(now).map(([name, value]) => [name, Math.max(0, value - (then[name] ?? 0)) / seconds]));
}

/** The time within which 99 of 100 were done between two looks, in seconds; 0 when there were none. */
function quantile(now, then, bounds) {
  const counts = now.map((value, place) => Math.max(0, value - then[place]));
  const wanted = 0.99 * counts.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  for (const [place, value] of counts.entries()) {
    if (value > 0 && sum + value >= wanted) {
      const [low, high] = [place === 0 ? 0 : bounds[place - 1], bounds[place] ?? bounds.at(-1)];
      return low + ((wanted - sum) / value) * (high - low);
    }
    sum += value;
  }
  return 0;
}

const quantiles = (now, then, bounds) => Object.fromEntries(Object.entries(now).map(([name, counts]) => [name, quantile(counts, then[name], bounds)]));

function keep(now, time) {
  const seconds = before && (time - before.time) / 1000;
  // A relay that has started anew counts from nothing.
  if (before && seconds > 0 && before.now.started_at === now.started_at) {
    const of = (part) => rates(now[part], before.now[part], seconds);
    samples.push({
      time, accepted: of("accepted"), refused: of("refused"), requests: of("requests_refused"), sent: of("sent"), bytes: of("bytes"),
      stages: quantiles(now.stages, before.now.stages, now.bounds_seconds), answers: quantiles(now.answers, before.now.answers, now.bounds_seconds),
      store: { used: now.store?.used_bytes ?? 0 },
      open: { connections: now.connections, subscriptions: now.subscriptions },
    });
    if (samples.length > KEPT) samples.shift();
  }
  before = { now, time };
}

/** The series of a part that have ever been more than nothing, and in any case the first two. */
function names(part) {
  const all = Object.keys(samples.at(-1)?.[part] ?? {});
  return all.filter((name, index) => index < 2 || samples.some((sample) => sample[part][name] > 0)).slice(0, 6);
}

const drawn = (title, part, show) => chart(title, names(part), samples.map((sample) => ({ time: sample.time, values: sample[part] })), show);

function since(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

function numbers(now) {
  const { store } = now;
  const total = (part) => Object.values(part).reduce((sum, value) => sum + value, 0);
  const share = store && ` ${((100 * store.used_bytes) / store.map_bytes).toFixed(1)}% of ${bytes(store.map_bytes)}`;
  const rows = [
    ["Events stored", count(store?.events)],
    ["Store", store ? [bytes(store.used_bytes), h("small", {}, share)] : "?"],
    ["Disk, free", now.disk ? [bytes(now.disk.free_bytes), h("small", {}, ` of ${bytes(now.disk.total_bytes)}`)] : "?"],
    ["Connections", [count(now.connections), h("small", {}, ` of ${count(now.connections_max)}`)]],
    ["Subscriptions", count(now.subscriptions)],
    ["Events taken", count(total(now.accepted))],
    ["Events refused", count(total(now.refused))],
    ["Running for", [since(Math.max(0, now.at - now.started_at)), h("small", {}, ` ${now.version}`)]],
  ];
  return h("dl", { class: "numbers" }, rows.map(([name, value]) => h("div", { "data-number": name }, h("dt", {}, name), h("dd", {}, value))));
}

function table(title, part) {
  const rows = Object.entries(part).filter(([, value]) => value > 0).sort(([, one], [, other]) => other - one);
  return h("section", { class: "card" }, h("h3", {}, title), rows.length === 0
    ? h("p", { class: "faint" }, "None so far.")
    : h("table", {}, h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("td", {}, name.replaceAll("_", " ")), h("td", { class: "n" }, count(value)))))));
}

function draw(now) {
  const faults = [...now.unready, ...(now.policy_stale ? ["a policy file has a fault; what it said before is in force"] : [])];
  return [
    faults.length > 0 && h("p", { class: "card bad", role: "alert" }, `Not as it should be: ${faults.join("; ")}.`),
    numbers(now),
    h("div", { class: "charts" },
      drawn("Events taken", "accepted", rate), drawn("Events refused, by reason", "refused", rate),
      drawn("Events sent", "sent", rate), drawn("Bytes", "bytes", (value) => `${bytes(Math.round(value))}/s`),
      drawn("Time of an event’s stages, 99 of 100 within", "stages", duration), drawn("Time to an answer, 99 of 100 within", "answers", duration),
      drawn("Open", "open", count), drawn("Store", "store", bytes),
      table("Refused since the start", now.refused), table("Too many, by the bound", now.limited), table("Turned away, by why", now.turned_away)),
  ].filter(Boolean);
}

/** Shows the view; gives what ends it. */
export function show(main) {
  const place = h("div", { "data-view": "dashboard" });
  const fault = h("p", { class: "bad" });
  main.append(h("h2", {}, "Dashboard"), h("p", { class: "faint" }, "Every two seconds, since this page was opened."), fault, place);
  let timer;
  let ended = false;

  async function look() {
    if (!document.hidden) {
      try {
        const now = await get("admin/numbers");
        if (ended) return;
        keep(now, Date.now());
        place.replaceChildren(...draw(now));
        fault.textContent = "";
      } catch (error) {
        fault.textContent = `The relay does not answer: ${error.message}`;
      }
    }
    if (!ended) timer = setTimeout(look, EVERY_MS);
  }

  look();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
