"""Debian's Chromium, driven by Playwright: contexts that are separate browsers, pictures, and axe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = Path(__file__).parents[1] / "artifacts"
EXECUTABLE = "/usr/bin/chromium"


@contextmanager
def chromium() -> Iterator[Browser]:
    """One Chromium process for the length of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def serious(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds serious or critical on the page."""
    found = Axe().run(page).response["violations"]
    return [
        {"id": one["id"], "nodes": [node["html"] for node in one["nodes"]][:3]}
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def sideways(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wider)


def pictures(context: BrowserContext, url: str, name: str) -> list[str]:
    """Take the page at 390 and 1280 px, light and dark; what is wrong with it, by axe and by width."""
    faults: list[str] = []
    PICTURES.mkdir(exist_ok=True)
    page = context.new_page()
    try:
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.goto(url)
                page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png")
                if sideways(page):
                    faults.append(f"{name} at {width} px is {sideways(page)} px too wide")
                faults += [f"{name}, {width} px, {scheme}: {fault}" for fault in serious(page)]
    finally:
        page.close()
    return faults
