#!/usr/bin/env python3
"""Prints how many test targets passed and failed, from the file that Bazel wrote for --build_event_json_file.

A test that was asked for and has no result, because it did not build, has failed.
"""

import json
import sys


def count(lines):
    asked_for = set()
    passed = set()
    for line in lines:
        event = json.loads(line)
        name = event["id"]
        if "targetConfigured" in name and event.get("configured", {}).get("testSize"):
            asked_for.add(name["targetConfigured"]["label"])
        elif "testSummary" in name and event["testSummary"]["overallStatus"] in ("PASSED", "FLAKY"):
            passed.add(name["testSummary"]["label"])
    return len(passed), len(asked_for - passed)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(*count(file))
