// The policy file: its text, what the checker says of it, why something is allowed or not, and a new one in its place.

import { attempt, field, h, say } from "./dom.mjs";
import { decode } from "./keys.mjs";
import { publish } from "./relay.mjs";
import { showShadow } from "./shadow.mjs";
import { call, can, sign } from "./session.mjs";

const POLICY = 12345;
const EXAMPLE = '{"kind": 1, "content": "hello"}';

/** Where a fault is, as the checker writes it. */
const placeIn = (fault) => /line (\d+), column (\d+)/.exec(fault)?.slice(1).map(Number);

function judgement(name, { allowed, steps, verdict }) {
  return h("section", { class: "card", "data-judgement": name },
    h("h3", {}, `${name}: `, h("span", { class: allowed ? "good" : "bad" }, verdict ?? (allowed ? "allowed" : "denied"))),
    h("ol", { class: "steps" }, steps.map((step) => h("li", {}, step))));
}

/** Shows the view. */
export function show(main) {
  const editor = h("textarea", { spellcheck: "false", autocapitalize: "off", "aria-label": "Policy", "aria-describedby": "policy-fault" });
  const fault = h("p", { id: "policy-fault", role: "status" });
  const about = h("p", { class: "faint" }, "…");
  const question = h("textarea", { spellcheck: "false", "aria-label": "Event or filter" });
  const sort = h("select", {}, h("option", { value: "event" }, "event"), h("option", { value: "filter" }, "filter"));
  const signedIn = h("input", { type: "text", placeholder: "npub1… or hex, with spaces between" });
  const address = h("input", { type: "text", placeholder: "192.0.2.1" });
  const edited = h("input", { type: "checkbox" });
  const answers = h("div", { "aria-live": "polite" });
  const shadow = h("section", { class: "card", "data-shadow": "" });
  const apply = h("button", { type: "button", class: "main" }, "Apply");
  let inForce = null;
  question.value = EXAMPLE;

  /** Tells a fault, and puts the cursor where it is. */
  function tell(text) {
    fault.className = "bad";
    fault.textContent = text;
    const place = placeIn(text);
    if (!place) return;
    const [line, column] = place;
    const before = editor.value.split("\n").slice(0, line - 1).reduce((sum, above) => sum + above.length + 1, 0);
    editor.focus();
    editor.setSelectionRange(before + column - 1, before + column);
    editor.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(editor).lineHeight));
  }

  async function check() {
    try {
      await call("explain", { event: { kind: 1, content: "" }, policy: editor.value });
      fault.className = "good";
      fault.textContent = editor.value === inForce ? "No fault. This is the policy in force." : "No fault. This is not in force yet.";
      return true;
    } catch (error) {
      tell(error.message);
      return false;
    }
  }

  async function load() {
    inForce = await call("getpolicy");
    editor.value = inForce ?? "";
    apply.hidden = inForce === null;
    about.textContent = inForce === null
      ? "The relay has no policy file (policy.file in its configuration): what you write here can be tried out, and not be applied."
      : "The policy file in force. What is applied replaces it, for everybody and at once.";
    fault.textContent = "";
  }

  async function put() {
    if (!(await check())) return;
    try {
      await publish(await sign(POLICY, [], editor.value));
      await load();
      say("The policy is in force.");
    } catch (error) {
      tell(error.message);
    }
  }

  /** Puts the shadow's text into the editor, where it can be applied. */
  function take(text) {
    editor.value = text;
    fault.className = "";
    fault.textContent = "This is the shadow policy. Apply puts it in force.";
    editor.scrollIntoView({ block: "center" });
  }

  /** Explains an event that the policies differ about, by the shadow's text. */
  async function askOf(event, text) {
    take(text);
    sort.value = "event";
    question.value = JSON.stringify(event);
    edited.checked = true;
    await explain();
    answers.scrollIntoView({ block: "center" });
  }

  async function explain(event) {
    event?.preventDefault();
    await attempt(async () => {
      const asked = { [sort.value]: JSON.parse(question.value) };
      const keys = signedIn.value.split(/[\s,]+/).filter(Boolean).map((key) => decode("npub", key));
      if (keys.length > 0) asked.as = keys;
      if (address.value.trim()) asked.address = address.value.trim();
      if (edited.checked) asked.policy = editor.value;
      const told = await call("explain", asked);
      const names = { write: "Write", read: "Read", ask: "Ask" };
      answers.replaceChildren(...Object.entries(told).map(([name, value]) => judgement(names[name] ?? name, value)));
    });
  }

  apply.addEventListener("click", () => attempt(put));
  main.append(
    h("h2", {}, "Policy"), about,
    h("div", { class: "edit" }, editor), fault,
    h("div", { class: "bar" },
      h("button", { type: "button", onclick: () => attempt(check) }, "Check"), apply,
      h("button", { type: "button", onclick: () => attempt(load) }, "Back to what is in force"),
      can("reloadpolicy") && h("button", { type: "button", onclick: () => attempt(async () => { await call("reloadpolicy"); await load(); say("The file was read again."); }) }, "Read the file again")),
    h("form", { class: "card", onsubmit: explain },
      h("h3", {}, "Explain"),
      h("p", { class: "faint" }, "Why an event or a filter is allowed or not. What an event lacks is made up."),
      question,
      h("div", { class: "bar below" },
        field("This is an", sort), field("Signed in as", signedIn, { class: "grow" }), field("From the address", address),
        field("By the text above", edited, { class: "inline" }), h("button", {}, "Explain"))),
    answers, shadow);
  attempt(load);
  attempt(() => showShadow(shadow, take, askOf));
}
