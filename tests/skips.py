"""A pytest plugin (`-p tests.skips`): a test is left out only for a reason on the list, and the run says so.

The list is tests/allowed-skips.txt: on each line the beginning of a reason. A skip for any other reason fails the run.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

ALLOWED = Path(__file__).with_name("allowed-skips.txt")
PROGRAMS = {"chromium": Path("/usr/bin/chromium")}  # marker -> what its tests cannot do without

LeftOut = Counter[str]
_left_out = pytest.StashKey[LeftOut]()


def allowed() -> list[str]:
    """The reasons on the list."""
    lines = (line.strip() for line in ALLOWED.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def unlisted(left_out: LeftOut) -> list[str]:
    """The reasons that are not on the list."""
    listed = tuple(allowed())
    return [reason for reason in left_out if not (listed and reason.startswith(listed))]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_left_out] = Counter()
    config.pluginmanager.register(_Watch(config.stash[_left_out]), "innkeeper-skips")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        for marker, program in PROGRAMS.items():
            if item.get_closest_marker(marker) and not program.exists():
                item.add_marker(pytest.mark.skip(reason=f"{marker} is not installed"))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if unlisted(session.config.stash[_left_out]) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[_left_out]
    wrong = unlisted(left_out)
    terminalreporter.section(f"left out: {left_out.total()} tests")
    for reason, count in sorted(left_out.items()):
        note = " – NOT on tests/allowed-skips.txt, so this run fails" if reason in wrong else ""
        terminalreporter.line(f"{count} × {reason}{note}")


class _Watch:
    """Counts what is skipped, expected to fail, or deselected."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self._left_out[_reason(report)] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._left_out[_reason(report)] += 1

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._left_out["deselected by an option of the caller"] += len(items)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        return f"expected to fail: {expected}"
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")
