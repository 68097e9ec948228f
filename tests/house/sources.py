"""The files that the rules of the house are held against."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("auth_manager", "stack_deployer", "tenant_apps", "innkeeper")
_SHOWN = (*PACKAGES, "tests", "scripts", "templates", "traefik", "docs", "docker", ".ci", ".github")
_MADE = {"artifacts", "user-stacks", "__pycache__"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def texts() -> dict[str, str]:
    """Path -> text of every file that is ours and text, the lock apart; paths as from the root."""
    found = [*ROOT.glob("*.*"), ROOT / "LICENSE"]
    found += [path for folder in _SHOWN for path in (ROOT / folder).rglob("*") if not _MADE & set(path.parts)]
    named = {str(path.relative_to(ROOT)): path for path in sorted(found) if path.is_file()}
    del named["scripts/requirements.lock"]
    return {name: text for name, path in named.items() if (text := _text(path)) is not None}


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax of every Python file below these folders."""
    for name, text in texts().items():
        if name.endswith(".py") and name.split("/")[0] in folders:
            yield name, ast.parse(text)


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function of a module, methods and inner ones too."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return None
