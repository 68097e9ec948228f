"""The gate's decision table, each row through real Traefik."""

import http.client

import httpx
import pytest

from innkeeper.checks.visitor import Visitor
from tests.scenarios.conftest import Inn

PROGRAM = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Accept": "*/*"}


def test_portal_host_is_open(inn: Inn) -> None:
    """The portal's own host answers a stranger."""
    assert inn.visitor().visit(f"{inn.site.portal}/sign-in").status_code == 200


def test_bare_domain_leads_to_the_portal(inn: Inn) -> None:
    """The bare domain is a redirect to the portal, as an absolute URL."""
    answer = inn.visitor().visit(inn.site.origin("inn.localhost") + "/x?y=1", follow=False)

    assert (302, inn.site.portal) == (answer.status_code, answer.headers["Location"].rstrip("/"))


@pytest.mark.parametrize(
    "host", ["nobody.inn.localhost", "example.com", "auth.inn.localhost.evil.com", "inn.localhost.evil"]
)
def test_unknown_host_is_not_found(inn: Inn, host: str) -> None:
    """A host nobody has is 404, a page for people and JSON for programs."""
    visitor = inn.visitor()
    url = f"http://127.0.0.1:{inn.port}/"

    page = visitor.visit(url, headers={"Host": host})
    program = visitor.get(url, headers=PROGRAM | {"Host": host})

    assert (404, 404) == (page.status_code, program.status_code)
    assert "text/html" in page.headers["Content-Type"]
    assert program.json()["error"]


@pytest.mark.parametrize("host", ["ANNA.inn.localhost", "anna.inn.localhost.", "Anna.Inn.LocalHost:1"])
def test_host_in_any_spelling_is_the_same_stack(inn: Inn, anna: Visitor, host: str) -> None:
    """Case, trailing dot and port of a Host header open no other way in: a stranger is refused as ever."""
    answer = inn.visitor().get(f"http://127.0.0.1:{inn.port}/echo", headers=PROGRAM | {"Host": host})

    assert answer.status_code in (401, 404)
    assert "sign_in" in answer.json() or answer.status_code == 404


def test_stranger_navigating_is_led_to_sign_in(inn: Inn, anna: Visitor) -> None:
    """A navigation without a session is a redirect to the portal that carries the way back."""
    answer = inn.visitor().visit(inn.url("anna", "/deep/path?q=1"), follow=False)

    assert answer.status_code == 302
    location = httpx.URL(answer.headers["Location"])
    assert inn.site.portal == f"{location.scheme}://{location.netloc.decode()}"
    assert inn.url("anna", "/deep/path?q=1") == location.params["back"]


def test_stranger_posting_is_led_by_303_to_the_page_he_was_on(inn: Inn, anna: Visitor) -> None:
    """A POST without a session goes back to the page it came from, never to the POST's own URL."""
    headers = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html", "Origin": inn.url("anna", "")}
    visitor = inn.visitor()

    known = visitor.post(inn.url("anna", "/form"), headers=headers | {"Referer": inn.url("anna", "/page")})
    foreign = visitor.post(inn.url("anna", "/form"), headers=headers | {"Referer": "http://evil.example/page"})

    assert (303, 303) == (known.status_code, foreign.status_code)
    assert inn.url("anna", "/page") == httpx.URL(known.headers["Location"]).params["back"]
    assert inn.url("anna", "/") == httpx.URL(foreign.headers["Location"]).params["back"]


def test_stranger_in_an_iframe_gets_a_link_to_a_new_tab(inn: Inn, anna: Visitor) -> None:
    """Inside a frame nobody can sign in: 401 with a link out of it."""
    answer = inn.visitor().visit(inn.url("anna"), follow=False, headers={"Sec-Fetch-Dest": "iframe"})

    assert answer.status_code == 401
    assert 'target="_blank"' in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"])
def test_program_without_session_gets_401(inn: Inn, anna: Visitor, method: str) -> None:
    """A program is refused by 401 JSON that names the sign-in URL, and no cookie is set."""
    answer = inn.visitor().request(method, inn.url("anna", "/echo"), headers=PROGRAM)

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    if method != "HEAD":
        assert answer.json()["sign_in"].startswith(inn.site.portal)


def test_own_user_gets_in(inn: Inn, anna: Visitor) -> None:
    """The stack's own user reaches the app, which learns who she is and her role."""
    echo = anna.get(inn.url("anna", "/echo"), headers=PROGRAM).json()

    names = {name.lower(): value for name, value in echo["headers"].items()}
    assert ("anna", "anna", "owner") == (names["x-auth-user"], names["x-auth-tenant"], names["x-auth-role"])
    assert names["x-auth-assertion"].count(".") == 2


def test_another_user_is_refused(inn: Inn, anna: Visitor, bert: Visitor) -> None:
    """A signed-in user who has no share gets 403 that says who he is and whom to ask."""
    page = inn.inside(bert, "anna")
    program = bert.get(inn.url("anna", "/echo"), headers=PROGRAM)

    assert (403, 403) == (page.status_code, program.status_code)
    assert "bert" in page.text
    assert "anna" in page.text


def test_user_of_the_same_tenant_is_refused(inn: Inn) -> None:
    """Two users of one tenant do not enter each other's stacks."""
    for user in ("user1", "user2"):
        inn.run("deploy", user, "tenant1", "--json")
    one, two = (sign_in_by_link(inn, user) for user in ("user1", "user2"))

    assert 200 == inn.inside(one, "user1-tenant1").status_code
    assert 403 == inn.inside(two, "user1-tenant1").status_code
    assert 200 == inn.inside(two, "user2-tenant1").status_code


def sign_in_by_link(inn: Inn, user: str) -> Visitor:
    """A visitor signed in by a login token that the operator made."""
    token = inn.run("users", "token", user).stdout.split()[-1]
    visitor = inn.visitor()
    answer = visitor.post(f"{inn.site.portal}/api/auth/login", json={"token": token})
    assert answer.status_code == 200, answer.text
    return visitor


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://bert.inn.localhost"},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_page_asking_with_her_session_is_refused(inn: Inn, anna: Visitor, headers: dict[str, str]) -> None:
    """A page of another stack or site cannot use the session of who looks at it."""
    answer = anna.get(inn.url("anna", "/echo"), headers={"Accept": "*/*"} | headers)

    assert answer.status_code == 403


def test_a_cross_site_post_navigation_is_refused(inn: Inn, anna: Visitor) -> None:
    """A form of another site that posts into the stack is refused, though it is a navigation."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}

    assert anna.post(inn.url("anna", "/echo"), headers=headers).status_code == 403


def test_a_link_from_elsewhere_opens(inn: Inn, anna: Visitor) -> None:
    """Following a link from another site is a navigation by GET: it works."""
    assert 200 == anna.visit(inn.url("anna"), headers={"Sec-Fetch-Site": "cross-site"}).status_code


def test_the_dashboard_may_call_its_own_api(inn: Inn, anna: Visitor) -> None:
    """A fetch from the dashboard to the API's host of the same stack passes, its preflight without a session too."""
    origin = inn.url("anna", "")
    asks = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Sec-Fetch-Mode": "cors"}

    preflight = inn.visitor().options(inn.url("api-anna", "/echo"), headers=asks)
    call = anna.put(inn.url("api-anna", "/echo"), headers=PROGRAM | {"Origin": origin, "Sec-Fetch-Site": "same-site"})

    assert preflight.status_code < 300
    assert origin == preflight.headers["Access-Control-Allow-Origin"]
    assert 200 == call.status_code


def test_a_preflight_of_a_stranger_is_refused(inn: Inn, anna: Visitor) -> None:
    """A preflight from another stack's origin does not reach the app."""
    asks = {"Origin": inn.url("bert", ""), "Access-Control-Request-Method": "PUT", "Sec-Fetch-Mode": "cors"}

    assert inn.visitor().options(inn.url("api-anna", "/echo"), headers=asks).status_code in (401, 403)


def test_a_refusal_can_be_read_by_the_sibling_host(inn: Inn, anna: Visitor) -> None:
    """A 401 to the dashboard's fetch of its API carries CORS headers, so that its script can see it."""
    origin = inn.url("anna", "")
    answer = inn.visitor().get(inn.url("api-anna", "/echo"), headers=PROGRAM | {"Origin": origin})

    assert (401, origin) == (answer.status_code, answer.headers["Access-Control-Allow-Origin"])
    assert "true" == answer.headers["Access-Control-Allow-Credentials"]


def test_public_path_is_open_and_blank(inn: Inn, anna: Visitor) -> None:
    """A path the template declares public answers everybody, and the app sees no identity there, not even forged."""
    forged = {"X-Auth-User": "root", "X-Auth-Role": "owner", "Remote-User": "root"}
    for visitor in (inn.visitor(), anna):
        answer = visitor.get(inn.url("anna", "/public/x"), headers=PROGRAM | forged)

        assert answer.status_code == 200
        assert not [name for name in answer.json()["headers"] if name.lower().startswith(("x-auth", "remote-"))]


def raw(inn: Inn, path: str) -> tuple[int, bytes]:
    """Status and body of a stranger's GET whose target goes out just as written, which httpx would tidy up."""
    connection = http.client.HTTPConnection("127.0.0.1", inn.port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in (PROGRAM | {"Host": inn.host("anna")}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    ["/public/../echo", "/public/./../echo", "/public/..;/echo", "/public//../../echo", "/publicity", "/Public/x",
     "//public/../echo", "/public/.%2e/echo", "/public/%2e%2e/echo", "/echo?/public/x", "/echo?x=/public/"],
)  # fmt: skip
def test_no_way_leads_from_a_public_path_further(inn: Inn, anna: Visitor, path: str) -> None:
    """Dots, semicolons, double slashes, a longer word, another case or a query do not widen a public path."""
    assert raw(inn, path)[0] in (400, 401)


@pytest.mark.parametrize("path", ["/a%2fb", "/a%5cb", "/a%00b", "/a%3bb", "/a%3fb", "/a%23b", "/public/%2e%2e%2fecho"])
def test_encoded_separators_are_refused_at_the_door(inn: Inn, anna: Visitor, path: str) -> None:
    """Encoded separators and NUL never reach the gate or an app."""
    assert 400 == raw(inn, path)[0]


def test_our_bearer_prefix_is_refused_and_others_pass(inn: Inn, anna: Visitor) -> None:
    """A token with our prefix is 401 JSON, never a redirect; another Authorization is the app's own."""
    ours = inn.visitor().visit(inn.url("anna"), headers={"Authorization": "Bearer ink_abc"}, follow=False)
    foreign = anna.get(inn.url("anna", "/echo"), headers=PROGRAM | {"Authorization": "Bearer other"})

    assert ours.status_code == 401
    assert ours.json()["error"]
    assert "Bearer other" == {k.lower(): v for k, v in foreign.json()["headers"].items()}["authorization"]


def test_a_stopped_stack_says_so(inn: Inn) -> None:
    """A stack that does not run answers 503 with its state and Retry-After to its user, and comes back."""
    carl = inn.guest("carl")
    assert 200 == inn.inside(carl, "carl").status_code

    inn.run("stacks", "stop", "carl")
    stopped = inn.inside(carl, "carl")
    inn.run("stacks", "start", "carl")
    started = inn.inside(carl, "carl")

    assert 503 == stopped.status_code
    assert "stopped" in stopped.text
    assert stopped.headers["Retry-After"]
    assert 200 == started.status_code


def test_no_success_sets_a_cookie_of_ours(inn: Inn, anna: Visitor) -> None:
    """A 2xx through the gate carries the app's own cookies alone, as the app set them."""
    answer = anna.get(inn.url("anna", "/cookie"), headers=PROGRAM)

    assert answer.status_code == 200
    assert [] == [cookie for cookie in answer.headers.get_list("set-cookie") if "ink_" in cookie]
    assert answer.headers.get_list("set-cookie")
