#!/usr/bin/env python3
"""A strfry write-policy plugin: takes only the kinds on a list, and from each author only so many events in a row."""

import json
import os
import sys

KINDS = {int(kind) for kind in os.environ.get("KINDS", "0,1,3,7,10002").split(",")}
IN_A_ROW = int(os.environ.get("IN_A_ROW", "100"))


class InARow:
    """How many events the last author has sent without another one in between."""

    def __init__(self):
        self.author = None
        self.count = 0

    def add(self, author):
        self.count = self.count + 1 if author == self.author else 1
        self.author = author
        return self.count


def judge(request, in_a_row):
    event = request["event"]
    if event["kind"] not in KINDS:
        return {"action": "reject", "msg": f"blocked: kind {event['kind']} is not wanted here"}
    if in_a_row.add(event["pubkey"]) > IN_A_ROW:
        return {"action": "reject", "msg": "rate-limited: let others speak"}
    return {"action": "accept", "msg": ""}


def main():
    in_a_row = InARow()
    for line in sys.stdin:
        request = json.loads(line)
        if request["type"] != "new":
            print(f"unknown request: {request['type']}", file=sys.stderr)
            continue
        answer = {"id": request["event"]["id"], **judge(request, in_a_row)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
