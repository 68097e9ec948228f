"""Templates and files."""

import re

import pytest

from auth_manager.portal.pages import STATES, Pages
from stack_deployer.contract import wanted
from stack_deployer.contract.names import Site
from tests.unit.auth_manager.portal.conftest import SITE, TEMPLATES, Inn

FILES = sorted(path.name for path in TEMPLATES.glob("*.html"))


def test_every_state_has_a_name() -> None:
    """What the worker may say of a stack has words for people."""
    assert set(wanted.STATES) == set(STATES)


@pytest.mark.parametrize("name", FILES)
def test_templates_keep_to_the_policy(name: str) -> None:
    """No inline script or style, no handler attribute, no foreign address, nothing marked safe."""
    text = (TEMPLATES / name).read_text()

    assert not re.search(r"<style|style=|\son\w+=|javascript:|https?://|\|\s*safe|autoescape", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", ["/sign-up", "/sign-in", "/signed-out", "/nothing", "/", "/sign-out"])
async def test_every_page_is_for_everybody(inn: Inn, path: str) -> None:
    """Each page has a language, a title, one main, one h1, a skip link, and labels its fields."""
    browser, _ = await inn.guest("anna")
    if path in ("/sign-up", "/sign-in", "/signed-out"):
        browser = inn.browser()
    text = (await browser.get(path)).text

    assert '<html lang="en">' in text
    assert re.search(r"<title>[^<]+ – Innkeeper</title>", text)
    assert 1 == text.count("<main")
    assert 1 == text.count("<h1")
    assert 'href="#main"' in text
    for field in re.findall(r'<(?:input|select) id="(\w+)"', text):
        assert f'<label for="{field}">' in text


def test_a_public_platform_does_not_call_regions_simulated() -> None:
    """Only on *.localhost are regions called simulated."""
    pages = Pages(TEMPLATES, Site("example.com"))
    values: dict[str, str] = {"handle": "", "email": "", "region": "iad"}

    text = bytes(pages.render("sign_up", csrf="", values=values, faults={}).body).decode()
    here = bytes(Pages(TEMPLATES, SITE).render("sign_up", csrf="", values=values, faults={}).body).decode()

    assert "imulated" not in text
    assert "imulated" in here


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404), ("/enter", 400), ("/sign-in/link", 400), (f"/sign-in/link?ticket={'A' * 43}", 410),
        ("/sign-up", 200),
    ],
)  # fmt: skip
async def test_every_page_says_who_is_signed_in(inn: Inn, path: str, status: int) -> None:
    """Refusals too name the signed-in user in their header, and offer nobody a sign-in who has signed in."""
    browser, _ = await inn.guest("anna")

    answer = await browser.get(path)

    assert answer.status_code == status
    assert "<strong>anna</strong>" in answer.text
    assert 'href="/sign-in"' not in answer.text.partition("</header>")[0]
    assert 'href="/sign-in"' in (await inn.browser().get(path)).text
