"""Signing in as a program."""

import json
from datetime import datetime

import pytest

from auth_manager.sessions.session import COOKIE_SSO
from auth_manager.users import accounts, login_tokens
from tests.unit.auth_manager.portal.browser import Browser
from tests.unit.auth_manager.portal.conftest import PASSWORD, SITE, Inn

PATH = "/api/auth/login"


async def test_a_login_token_is_exchanged_for_a_session(inn: Inn) -> None:
    """200 with user and expiry, and the SSO cookie of a live session."""
    _, user = await inn.guest("anna")
    token = await login_tokens.issue(inn.services.engine, user, 365)
    program = inn.browser()

    answer = await program.request("POST", PATH, json={"token": token})

    assert answer.status_code == 200
    assert {"user", "expires_at"} == set(answer.json())
    assert "anna" == answer.json()["user"]
    assert datetime.fromisoformat(answer.json()["expires_at"]).tzinfo is not None
    assert answer.headers["content-type"] == "application/json"
    assert await inn.is_live(program)


async def test_a_password_works_as_well(inn: Inn) -> None:
    """E-mail and password are taken in place of a token."""
    await inn.guest("anna")
    program = inn.browser()

    answer = await program.request("POST", PATH, json={"email": "anna@example.com", "password": PASSWORD})

    assert (200, "anna") == (answer.status_code, answer.json()["user"])
    assert await inn.is_live(program)


@pytest.mark.parametrize(
    "body",
    [
        {"token": "ink_" + "A" * 43}, {"token": "x"}, {"token": "ink_é"}, {"token": "\0"},
        {"token": "ink_" + "A" * 5000},
        {"email": "anna@example.com", "password": "wrong password"},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "\0", "password": PASSWORD}, {"email": "no e-mail", "password": "x" * 5000},
    ],
)  # fmt: skip
async def test_wrong_credentials_are_401(inn: Inn, body: dict[str, str]) -> None:
    """401 names the sign-in page; no cookie is set."""
    await inn.guest("anna")
    program = inn.browser()

    answer = await program.request("POST", PATH, json=body)

    assert answer.status_code == 401
    assert f"{SITE.portal}/sign-in" == answer.json()["sign_in"]
    assert "unauthorized" == answer.json()["error"]
    assert not program.signed_in


async def test_a_disabled_users_token_is_401(inn: Inn) -> None:
    """A token is worth no more than its user."""
    _, user = await inn.guest("anna")
    token = await login_tokens.issue(inn.services.engine, user, 365)
    await accounts.disable(inn.services.engine, "anna")

    assert 401 == (await inn.browser().request("POST", PATH, json={"token": token})).status_code


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"1", b"{}", b'{"token":1}', b'{"token":null}', b'{"token":""}',
        b'{"token":["x"]}',
        b'{"token":"x","email":"y"}', b'{"email":"x"}', b'{"email":"x","password":{}}', b'{"user":"x"}', b"[" * 60_000,
        b'{"token":"\\ud800"}',
        b"\xff\xfe", b'{"token":' + b"9" * 5000 + b"}", b"NaN",
    ],
)  # fmt: skip
async def test_a_malformed_body_is_400(inn: Inn, body: bytes) -> None:
    """What is not one of the two shapes is 400 in JSON, with words."""
    answer = await inn.browser().request("POST", PATH, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert {"error", "message"} == set(answer.json())


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx"],
)
async def test_other_types_are_415(inn: Inn, kind: str) -> None:
    """The API takes JSON alone: a form on another site cannot speak to it."""
    body = json.dumps({"email": "anna@example.com", "password": PASSWORD})

    assert 415 == (await inn.browser().request("POST", PATH, content=body, headers={"Content-Type": kind})).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://anna.inn.localhost:8080"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_other_sites_pages_are_refused(inn: Inn, headers: dict[str, str]) -> None:
    """A page of another origin gets 403 in JSON, though the password was right."""
    await inn.guest("anna")
    program = inn.browser()

    answer = await program.request(
        "POST", PATH, json={"email": "anna@example.com", "password": PASSWORD}, headers=headers
    )

    assert (403, "forbidden") == (answer.status_code, answer.json()["error"])
    assert not program.signed_in


async def test_the_session_before_is_ended(inn: Inn) -> None:
    """A program that signs in again has one session."""
    program, _ = await inn.guest("anna")
    before = program.cookies[COOKIE_SSO]

    await program.request("POST", PATH, json={"email": "anna@example.com", "password": PASSWORD})

    old = Browser(inn.app, SITE.portal)
    old.cookies = {COOKIE_SSO: before}
    assert not await inn.is_live(old)
    assert await inn.is_live(program)


async def test_unknown_addresses_speak_json(inn: Inn) -> None:
    """Under /api/ every refusal is JSON."""
    for method, path, status in (("GET", "/api/nothing", 404), ("GET", PATH, 405)):
        answer = await inn.browser().request(method, path)
        assert (status, True) == (answer.status_code, "error" in answer.json())
