// A list of the management API: its pages, its rows with what can be done to each, a form to put something on it; and
// how a change is made and asked about.

import { attempt, field, h, say } from "./dom.mjs";
import { nameThem } from "./keys.mjs";
import { call, can } from "./session.mjs";

const ROWS = 50;

/**
 * Shows a list in `place`.
 *
 * `list` is the method that tells it, `key` the field by which its pages go on and its rows are named; `row(entry)` gives
 * what is shown of an entry. `undo` and `remove` are as `change` takes them.
 */
export async function showList(place, { list, key, row, remove, removeLabel, add }) {
  const rows = h("ul", { class: "rows" });
  const more = h("button", { type: "button", hidden: true }, "More");
  let last;

  async function next() {
    const page = await call(list, last === undefined ? { limit: ROWS } : { limit: ROWS, after: last });
    for (const entry of page) rows.append(line(entry));
    if (page.length > 0) last = page.at(-1)[key];
    // A short page may be all that the relay gives at once.
    more.hidden = page.length === 0 || (page.length < ROWS && (await call(list, { limit: 1, after: last })).length === 0);
    if (rows.childElementCount === 0) rows.append(h("li", { class: "nobody" }, "Nobody and nothing is on this list."));
    await nameThem();
  }

  async function restart() {
    rows.replaceChildren();
    last = undefined;
    await next();
  }

  function line(entry) {
    const take = remove && can(remove(entry).method);
    const button = take && h("button", { type: "button", class: "small", onclick: () => change(remove(entry), restart) }, removeLabel);
    return h("li", { "data-entry": entry[key] }, h("div", { class: "what" }, row(entry)), button);
  }

  more.addEventListener("click", () => attempt(next));
  place.replaceChildren(...(add ? [add(restart)] : []), rows, more);
  await attempt(restart);
}

/** Does `{method, params, done, undo}`, says so with a way back, and shows what is now. */
export async function change({ method, params, done, undo }, refresh) {
  const worked = await attempt(async () => ({ result: await call(method, ...params) }));
  if (!worked) return undefined;
  const back = undo && can(undo.method) ? () => change(undo, refresh) : undefined;
  say(done, back);
  await refresh?.();
  return worked;
}

/**
 * A button, and the form that it opens, for what cannot be undone: `reason` is what the field for a reason is called, `fields` are
 * more of them, `verb` does it. Escape leaves it.
 */
export function asked({ label, about, reason, fields = [], verb }, act) {
  const why = h("input", { type: "text", name: "reason", maxlength: 500, autocomplete: "off" });
  const button = h("button", { type: "button", class: "danger small", onclick: () => { form.hidden = false; why.focus(); } }, label);
  const leave = () => { form.hidden = true; button.focus(); };
  const form = h("form", { class: "bar", hidden: true },
    about && h("p", { class: "small about" }, about), field(reason, why, { class: "grow" }), fields,
    h("button", { class: "danger" }, verb), h("button", { type: "button", onclick: leave }, "Leave it"));
  form.addEventListener("keydown", ({ key }) => { if (key === "Escape") leave(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.hidden = true;
    act(Object.fromEntries(new FormData(form)));
  });
  return [button, form];
}
