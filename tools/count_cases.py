#!/usr/bin/python3
"""Counts single test cases of one `bazel test` run.

    tools/count_cases.py EVENTS_FILE [BAZEL_EXIT_CODE]

EVENTS_FILE is what --build_event_json_file wrote. Each case in the test.xml files that it names counts once. A target
that does not build or analyse, has no report, or fails although each of its cases passed (a leak at exit, a time-out)
counts as one failure. The last line is `N passed, N failed`; the exit status is 0 only if all passed and any did.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as xml


class Count:
    """Cases passed, and the names of those failed."""

    def __init__(self):
        self.passed = 0
        self.failed = []

    def add_target(self, label, statuses, reports):
        """One target: the statuses of its attempts' shards, and the paths of their reports."""
        broken = not statuses or any(status != "PASSED" for status in statuses)
        failed_before, cases = len(self.failed), 0
        for report in reports:
            cases += self._add_report(label, report)
        if broken and len(self.failed) == failed_before:
            self.failed.append(f"{label}: {', '.join(statuses) or 'no result'}, {cases} cases passed")
        elif not broken and cases == 0:
            self.failed.append(f"{label}: passed without a case in its report")

    def _add_report(self, label, path):
        try:
            root = xml.parse(path).getroot()
        except (OSError, xml.ParseError):
            return 0
        passed = 0
        for case in root.iter("testcase"):
            if case.get("status") == "notrun" or case.find("skipped") is not None:
                continue
            if case.find("failure") is not None or case.find("error") is not None:
                name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
                self.failed.append(f"{label}: {name}")
            else:
                passed += 1
        self.passed += passed
        return passed


def path_of(uri):
    parsed = urllib.parse.urlparse(uri)
    return urllib.parse.unquote(parsed.path) if parsed.scheme == "file" else ""


def read_events(lines):
    """Returns ({label: {(run, shard): (status, report)}}, labels of failed tests' targets, other failures)."""
    tests, broken, aborted = {}, [], []
    for line in lines:
        event = json.loads(line)
        kind = event.get("id", {})
        if "testResult" in kind:
            where, result = kind["testResult"], event.get("testResult", {})
            reports = [output for output in result.get("testActionOutput", []) if output.get("name") == "test.xml"]
            report = path_of(reports[0].get("uri", "")) if reports else ""
            # A later attempt replaces an earlier one.
            tests.setdefault(where["label"], {})[(where.get("run"), where.get("shard"))] = (result.get("status"), report)
        elif "targetConfigured" in kind and event.get("configured", {}).get("testSize"):
            tests.setdefault(kind["targetConfigured"]["label"], {})
        elif "targetCompleted" in kind and not event.get("completed", {}).get("success"):
            broken.append(kind["targetCompleted"]["label"])
        elif "configuredLabel" in kind or "unconfiguredLabel" in kind or "pattern" in kind:
            if "aborted" in event:
                reason = event["aborted"]
                label = (kind.get("configuredLabel") or kind.get("unconfiguredLabel") or {}).get("label")
                aborted.append(label or f"{reason.get('reason')}: {reason.get('description', '').strip()}")
    return tests, broken, aborted


def count(lines):
    tests, broken, aborted = read_events(lines)
    total = Count()
    for label in sorted(tests):
        results = tests[label].values()
        if not results and label in broken:
            continue
        total.add_target(label, [status for status, _ in results], [report for _, report in results if report])
    reported = {label for label, results in tests.items() if results}
    for label in sorted(set(broken) - reported):
        total.failed.append(f"{label}: does not build")
    # What made a target fail to build is not a second failure; a pattern that matches nothing is one.
    if not broken:
        total.failed += [f"{label}: not analysed" for label in sorted(set(aborted) - set(tests))]
    return total


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[1], encoding="utf-8") as events:
            total = count(events)
    except FileNotFoundError:
        total = Count()
    exit_code = int(arguments[2]) if len(arguments) == 3 else 0
    if exit_code != 0 and not total.failed:
        total.failed.append(f"bazel: exit code {exit_code}, want 0")
    for name in total.failed:
        print(f"FAILED {name}")
    print(f"{total.passed} passed, {len(total.failed)} failed")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
