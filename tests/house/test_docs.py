"""What the documents say is so: settings, features, links."""

import ast
import re
from functools import cache

import pytest

from stack_deployer.contract.environment import ALIASES, KNOWN, PREFIX
from tests.house.sources import ROOT, functions, texts

FEATURE = re.compile(r"^\| (?P<id>[A-Z]\d+) \|.*\| (?P<tests>[^|]*) \|$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<path>[^)#]+)")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
WANTED = ["G1", "G2", "G3", "G4", "G8", "G9", "G10", "S1", "S2", "S4", "S9", "S13", "U1", "U2", "U7", "E1", "E2", "E7"]
MANUALS = [name for name in texts() if name.endswith(".md")]


def test_every_setting_is_in_the_configuration() -> None:
    """docs/configuration.md has a row for each setting, with its founding name, and no other row."""
    rows = re.findall(rf"^\| `{PREFIX}(\w+)` \| (?:`(\w+)`)? ?\|", texts()["docs/configuration.md"], re.MULTILINE)
    expected = {(name.upper(), ALIASES.get(name, "")) for name in KNOWN}

    assert expected == set(rows)


def test_every_feature_names_its_tests() -> None:
    """Each row of docs/features.md names at least one test, and the rows that must be there are."""
    rows = {row["id"]: row["tests"] for row in FEATURE.finditer(texts()["docs/features.md"])}

    assert [] == [name for name in WANTED if name not in rows]
    assert [] == [name for name, tests in rows.items() if not NAMED.search(tests)]


@pytest.mark.parametrize("manual", MANUALS)
def test_every_test_named_exists(manual: str) -> None:
    """A document that names a test as proof names one that is there."""
    missing = [
        f"{path}::{test}" if test else path
        for path, test in NAMED.findall(texts()[manual])
        if path not in texts() or (test and test not in names_in(path))
    ]

    assert [] == missing


@cache
def names_in(path: str) -> frozenset[str]:
    return frozenset(function.name for function in functions(ast.parse(texts()[path])))


@pytest.mark.parametrize("manual", MANUALS)
def test_every_link_leads_somewhere(manual: str) -> None:
    """A link between documents leads to a file that is there."""
    here = (ROOT / manual).parent
    links = [link["path"] for link in LINK.finditer(texts()[manual])]

    assert [] == [link for link in links if not (here / link).exists()]
