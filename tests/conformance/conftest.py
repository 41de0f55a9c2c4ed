"""Prints how many published cases the engine meets."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    met: Counter[str] = Counter()
    unmet: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "conformance" and report.when == "call":
                    file, is_met = value
                    (met if is_met else unmet)[file] += 1
    if met or unmet:
        terminalreporter.section("conformance: published cases met by the schedules and the lives of loans")
        for file in sorted(met | unmet):
            terminalreporter.write_line(f"{file:24} {met[file]:4} met {unmet[file]:3} not met")
        terminalreporter.write_line(f"{'all':24} {met.total():4} met {unmet.total():3} not met")
