#!/usr/bin/env node
// A strfry write-policy plugin: refuses notes with words from a list, and lets their authors believe otherwise when
// the words are those of a machine.

const readline = require("node:readline");

const REFUSED = (process.env.REFUSED_WORDS || "casino,lottery").split(",");
const MACHINES = ["cheap watches"];

function judge({ event }) {
  const text = event.content.toLowerCase();
  if (MACHINES.some((words) => text.includes(words))) {
    return { action: "shadowReject" };
  }
  const word = REFUSED.find((refused) => text.includes(refused));
  if (word !== undefined) {
    return { action: "reject", msg: `blocked: no ${word} here` };
  }
  return { action: "accept" };
}

const lines = readline.createInterface({ input: process.stdin, terminal: false });

lines.on("line", (line) => {
  const request = JSON.parse(line);
  if (request.type !== "new") {
    console.error(`unknown request: ${request.type}`);
    return;
  }
  const answer = { id: request.event.id, ...judge(request) };
  if (answer.action !== "accept") {
    console.error(`${answer.action} for ${request.event.pubkey} at ${request.sourceInfo}`);
  }
  console.log(JSON.stringify(answer));
});
