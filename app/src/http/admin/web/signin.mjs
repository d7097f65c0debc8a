// The way in: by a signer in the browser, or by one that is elsewhere.

import { field, h, say, svg } from "./dom.mjs";
import { begin, forgetRemote, parseBunker } from "./remote.mjs";
import { hasSigner, news, signIn } from "./session.mjs";

/** What a remote signer wants of the person: an element. */
export function signerAsks({ connected, auth_url: address }) {
  if (address) return h("span", {}, "Your signer wants you to confirm it: ", h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
  return h("span", {}, connected ? "Confirm it at your signer." : "Waiting for your signer to answer…");
}

/** A QR code of rows of `1` (dark) and `0`, with the margin that readers want. */
function code(rows) {
  const dark = rows.flatMap((row, y) => [...row].map((cell, x) => (cell === "1" ? `M${x} ${y}h1v1h-1z` : "")));
  const side = rows.length + 8;
  return svg("svg", { class: "qr", viewBox: `-4 -4 ${side} ${side}`, role: "img", "aria-label": "The invitation as a QR code", "shape-rendering": "crispEdges" }, svg("path", { d: dark.join(""), fill: "#000" }));
}

/** Shows it; `enter` is called when somebody is signed in. Gives what ends it. */
export function showSignIn(main, enter) {
  const fault = h("p", { class: "bad", role: "alert" });
  const state = h("p", { role: "status" });
  const invitation = h("div");
  const bunker = h("input", { type: "text", name: "bunker", placeholder: "bunker://…", autocomplete: "off", spellcheck: "false" });
  const button = h("button", { type: "button", class: "main" }, "Sign in");
  let turns = 0;

  /** Signs in after `prepare`. What was begun before and is not done yet is nothing any more. */
  async function enterBy(prepare) {
    turns += 1;
    const own = turns;
    fault.textContent = "";
    state.replaceChildren();
    invitation.replaceChildren();
    try {
      await prepare();
      await signIn();
      if (own !== turns) return;
      enter();
      main.focus();
    } catch (error) {
      if (own !== turns) return;
      state.replaceChildren();
      invitation.replaceChildren();
      fault.textContent = `You are not signed in: ${error?.message ?? error}`;
    }
  }

  async function byBrowser() {
    await forgetRemote();
    if (!hasSigner()) throw new Error("this browser has no signer. Install an extension that keeps your Nostr key (NIP-07), and load this page again; or use a signer that is elsewhere.");
  }

  async function byBunker() {
    await begin(parseBunker(bunker.value));
    state.replaceChildren(signerAsks({}));
  }

  async function byInvitation() {
    const { uri, qr } = await begin();
    const copy = h("button", { type: "button", class: "small", onclick: () => navigator.clipboard.writeText(uri).then(() => say("The invitation is in your clipboard."), () => say("Copy it by hand: your browser does not let pages do it.")) }, "Copy");
    invitation.replaceChildren(
      h("p", { class: "faint small" }, "Read this with your signer, or open it there. It comes to this relay and answers."),
      ...(qr ? [code(qr)] : []), h("pre", { "data-invitation": "" }, uri),
      h("div", { class: "bar" }, copy, h("a", { href: uri }, "Open in a signer on this device")));
    state.replaceChildren(signerAsks({}));
  }

  const heard = ({ detail }) => state.replaceChildren(signerAsks(detail));
  news.addEventListener("signer", heard);
  button.addEventListener("click", () => enterBy(byBrowser));
  main.append(h("section", { class: "card sign-in" },
    h("h2", {}, "Sign in"),
    h("p", { class: "faint" }, "For owners, admins and moderators of this relay. Your signer is asked for one signature, which lasts half an hour; your key stays with it."),
    button,
    h("details", {}, h("summary", {}, "By a signer that is elsewhere (NIP-46)"),
      h("form", { class: "bar", onsubmit: (event) => { event.preventDefault(); enterBy(byBunker); } },
        field("Its address", bunker, { class: "grow" }), h("button", {}, "Connect")),
      h("div", { class: "bar" }, h("button", { type: "button", onclick: () => enterBy(byInvitation) }, "Invite one instead")),
      invitation),
    state, fault));
  return () => {
    turns += 1;
    news.removeEventListener("signer", heard);
  };
}
