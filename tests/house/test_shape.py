"""Files and functions that can be read in one go, and names that say what is inside."""

import ast
import re

import pytest

from tests.house.sources import PACKAGES, functions, modules, texts

FILE_LINES = 300
FUNCTION_LINES = 40
SAYS_NOTHING = re.compile(r"(^|/)_?(utils?|helpers?|common|core|base|misc|shared|stuff)(\.py|/)")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home/\w+|Users)/|\b/tmp/(?!inn\.db|a\\n|\{\{|\\x7f)")


def test_no_file_is_longer_than_300_lines() -> None:
    """A file over 300 lines is split, tests too."""
    long = {name: text.count("\n") for name, text in texts().items() if name.endswith((".py", ".sh", ".js", ".css"))}

    assert {} == {name: lines for name, lines in long.items() if lines > FILE_LINES}


def test_no_function_is_longer_than_40_lines() -> None:
    """A function over 40 lines is split."""
    long = []
    for name, tree in modules(*PACKAGES, "tests"):
        for function in functions(tree):
            assert function.end_lineno is not None
            if function.end_lineno - function.lineno + 1 > FUNCTION_LINES:
                long.append(f"{name}: {function.name}")

    assert [] == long


def test_every_test_says_what_it_proves() -> None:
    """The docstring of a test is the fact it proves."""
    silent = [
        f"{name}: {function.name}"
        for name, tree in modules("tests")
        for function in functions(tree)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]

    assert [] == silent


def test_every_module_says_what_it_is() -> None:
    """Each file begins with what it is, in a sentence."""
    silent = [
        name
        for name, tree in modules(*PACKAGES, "tests")
        if tree.body and not ast.get_docstring(tree) and not name.endswith("tests/__init__.py")
    ]

    assert [] == silent


def test_no_name_says_nothing() -> None:
    """There is no `utils`, `helpers`, `common`, `core` or `base`: a thing is called what it is."""
    assert [] == [name for name in texts() if name.endswith(".py") and SAYS_NOTHING.search(name)]


def test_no_file_names_a_place_of_one_machine() -> None:
    """Nothing depends on the directory in which somebody happened to write it."""
    found = [
        f"{name}: {line.strip()}"
        for name, text in texts().items()
        for line in text.splitlines()
        if name != "tests/house/test_shape.py" and MACHINE_PATH.search(line)
    ]

    assert [] == found


@pytest.mark.parametrize(
    ("module", "room"),
    [("rich", "innkeeper/cli/console.py"), ("unittest.mock", "nobody")],
    ids=["rich", "mocks"],
)
def test_a_module_is_imported_in_its_room_alone(module: str, room: str) -> None:
    """Rich has one importer, the console; mocks have none: tests run on the real thing."""
    importers = []
    for name, tree in modules(*PACKAGES, "tests"):
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(one == module or one.startswith(f"{module}.") for one in names):
                importers.append(name)

    assert set() == set(importers) - {room}
