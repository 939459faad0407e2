#!/usr/bin/env python3
"""Sums up test results. usage: test_summary.py FOLDER (GoogleTest *.xml, Vitest *.json)

Prints "N passed, N failed, N skipped"; exit 1 when a test failed or none ran.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as xml


def googletest(file):
    root = xml.parse(file).getroot()
    cases = list(root.iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def vitest(file):
    result = json.loads(file.read_text())
    return result["numPassedTests"], result["numFailedTests"], result["numPendingTests"]


def main():
    folder = pathlib.Path(sys.argv[1])
    counts = [googletest(file) for file in sorted(folder.glob("*.xml"))]
    counts += [vitest(file) for file in sorted(folder.glob("*.json"))]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
