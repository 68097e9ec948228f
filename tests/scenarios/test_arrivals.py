"""Arriving at a stack: host sessions, tickets, and every way to misuse them, through real Traefik."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from auth_manager.sessions.session import COOKIE_NONCE, COOKIE_SSO, COOKIE_STACK
from innkeeper.checks.visitor import NAVIGATION, Visitor
from tests.scenarios.conftest import PASSWORD, Inn

PROGRAM = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Accept": "*/*"}


def signed_in(inn: Inn, handle: str) -> Visitor:
    """Another browser of an existing user, signed in at the portal and in no stack yet."""
    visitor = inn.visitor()
    answer = visitor.sign_in(f"{handle}@example.com", PASSWORD)
    assert answer.status_code == 200, answer.text[:500]
    return visitor


def ticket_of(inn: Inn, visitor: Visitor, name: str) -> tuple[str, httpx.URL]:
    """Go as far as the link with the ticket, and do not open it: the link, and the portal's URL before."""
    first = visitor.visit(inn.url(name), follow=False)
    assert first.status_code == 302
    second = visitor.visit(first.headers["Location"], follow=False)
    if second.status_code == 200:  # the second hand-off within half a minute goes by a form
        action = second.text.split('action="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
        return action, httpx.URL(first.headers["Location"])
    return second.headers["Location"], httpx.URL(first.headers["Location"])


def has_session(inn: Inn, visitor: Visitor, name: str) -> bool:
    return visitor.get(inn.url(name, "/echo"), headers=PROGRAM).status_code == 200


def test_one_walk_opens_all_hosts_of_the_stack(inn: Inn, anna: Visitor) -> None:
    """Arriving at the dashboard gives sessions on every host of the stack and ends at the clean URL."""
    visitor = signed_in(inn, "anna")

    page = visitor.visit(inn.url("anna", "/deep?q=1"))

    assert inn.url("anna", "/deep?q=1") == str(page.url)
    assert has_session(inn, visitor, "anna")
    assert has_session(inn, visitor, "api-anna")


def test_a_used_ticket_opens_nothing(inn: Inn, anna: Visitor) -> None:
    """A ticket link opened a second time, by the same browser without its session, makes no session."""
    visitor = signed_in(inn, "anna")
    link, _ = ticket_of(inn, visitor, "anna")
    nonce = visitor.cookie(inn.host("anna"), COOKIE_NONCE)
    assert visitor.visit(link, follow=False).status_code == 302

    again = inn.visitor().visit(link, follow=False, headers={"Cookie": f"{COOKIE_NONCE}={nonce}"})

    assert again.status_code == 302
    assert not [cookie for cookie in again.headers.get_list("set-cookie") if cookie.startswith(COOKIE_STACK)]


def test_many_at_once_with_one_ticket_make_one_session(inn: Inn, anna: Visitor) -> None:
    """Twenty requests at once with the same ticket and nonce: exactly one session."""
    visitor = signed_in(inn, "anna")
    link, _ = ticket_of(inn, visitor, "anna")
    headers = {"Cookie": f"{COOKIE_NONCE}={visitor.cookie(inn.host('anna'), COOKIE_NONCE)}"}

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: inn.visitor().visit(link, follow=False, headers=headers), range(20)))

    made = [c for answer in answers for c in answer.headers.get_list("set-cookie") if c.startswith(f"{COOKIE_STACK}=")]
    assert 1 == len([cookie for cookie in made if "Max-Age=0" not in cookie])


def test_an_attackers_unused_link_signs_nobody_in(inn: Inn, anna: Visitor, bert: Visitor) -> None:
    """A victim who opens a link that another browser began becomes nobody else, with or without own cookies."""
    attacker = signed_in(inn, "bert")
    link, _ = ticket_of(inn, attacker, "bert")
    fresh, began = inn.visitor(), inn.visitor()
    began.visit(inn.url("bert"), follow=False)

    for victim in (fresh, began):
        answer = victim.visit(link, follow=False)

        assert answer.status_code == 302
        assert victim.cookie(inn.host("bert"), COOKIE_STACK) is None
        assert not has_session(inn, victim, "bert")


def test_a_ticket_is_worthless_on_another_host(inn: Inn, anna: Visitor, bert: Visitor) -> None:
    """A ticket for one host opened on another host, with that host's own nonce, makes no session."""
    visitor = signed_in(inn, "anna")
    link, _ = ticket_of(inn, visitor, "anna")
    visitor.visit(inn.url("bert"), follow=False)

    answer = visitor.visit(link.replace("//anna.", "//bert."), follow=False)

    assert answer.status_code in (302, 400)
    assert visitor.cookie(inn.host("bert"), COOKIE_STACK) is None


def test_a_dead_ticket_leads_to_the_clean_url_twice_then_to_a_page(inn: Inn, anna: Visitor) -> None:
    """A made-up ticket is answered by the clean URL at most twice, then by a page, so that nobody goes in circles."""
    visitor = inn.visitor()
    visitor.visit(inn.url("anna"), follow=False)
    link = inn.url("anna", "/.innkeeper/enter?ticket=made-up&back=" + inn.url("anna", "/deep") + "&left=1")

    answers = [visitor.visit(link, follow=False) for _ in range(3)]

    assert [302, 302, 400] == [answer.status_code for answer in answers]
    assert inn.url("anna", "/deep") == answers[0].headers["Location"]


@pytest.mark.parametrize(
    "back",
    [
        "http://evil.example/", "//evil.example", "/\\evil.example", "http:evil.example", "javascript:alert(1)",
        "http://anna.inn.localhost@evil.example/", "http://anna.inn.localhost.evil.example/",
        "http://bert.inn.localhost:{port}/", "https://anna.inn.localhost:{port}/", "http://anna.inn.localhost:1/",
        "http://anna.inn.localhost:{port}\\@evil.example/", "http://anna.inn.localhost:{port}/\r\nX: y",
        "%2f%2fevil.example",
    ],
)  # fmt: skip
def test_the_way_back_is_never_elsewhere(inn: Inn, anna: Visitor, back: str) -> None:
    """A way back that is not exactly on a host of the stack is refused by the portal and ignored by the gate."""
    visitor = signed_in(inn, "anna")
    back = back.format(port=inn.port)
    query = httpx.QueryParams({"host": inn.host("anna"), "nonce": "0" * 64, "back": back, "left": "1"})

    portal = visitor.visit(f"{inn.site.portal}/enter?{query}", follow=False)
    gate = visitor.visit(
        inn.url("anna", f"/.innkeeper/start?{httpx.QueryParams({'back': back, 'left': '0'})}"), follow=False
    )

    assert portal.status_code == 400
    assert gate.status_code in (302, 400)
    if gate.status_code == 302:
        assert inn.url("anna", "/") == httpx.URL(gate.headers["Location"]).params["back"]


def test_cookies_do_not_travel(inn: Inn, anna: Visitor, bert: Visitor) -> None:
    """No cookie opens another door: random, another host's, another user's, SSO's, the host's at the portal."""
    portal = inn.site.portal_host
    sso, stack = anna.cookie(portal, COOKIE_SSO), anna.cookie(inn.host("anna"), COOKIE_STACK)
    other, api = bert.cookie(inn.host("bert"), COOKIE_STACK), anna.cookie(inn.host("api-anna"), COOKIE_STACK)

    for value in ("A" * 43, "", "x" * 5000, other, api, sso, f"{stack}x", f"x{stack}", "%00"):
        answer = inn.visitor().get(inn.url("anna", "/echo"), headers=PROGRAM | {"Cookie": f"{COOKIE_STACK}={value}"})
        assert answer.status_code in (401, 403), value
    for name, value in ((COOKIE_SSO, stack), (COOKIE_STACK, sso), (COOKIE_SSO, other)):
        page = inn.visitor().visit(inn.site.portal, follow=False, headers={"Cookie": f"{name}={value}"})
        assert page.status_code in (302, 303), name


def test_two_cookies_of_our_name_open_nothing(inn: Inn, anna: Visitor) -> None:
    """Of two cookies with our name none is believed."""
    stack = anna.cookie(inn.host("anna"), COOKIE_STACK)
    twice = f"{COOKIE_STACK}={'A' * 43}; {COOKIE_STACK}={stack}"

    assert 401 == inn.visitor().get(inn.url("anna", "/echo"), headers=PROGRAM | {"Cookie": twice}).status_code


def test_the_app_sees_no_cookie_of_ours_and_keeps_its_own(inn: Inn, anna: Visitor) -> None:
    """Our cookies are taken out before the app; its own arrive as they were."""
    stack = anna.cookie(inn.host("anna"), COOKIE_STACK)
    cookie = f"a=1; {COOKIE_STACK}={stack}; theme=dark; {COOKIE_NONCE}=x.0; b=2"

    echo = inn.visitor().get(inn.url("anna", "/echo"), headers=PROGRAM | {"Cookie": cookie}).json()

    names = {name.lower(): value for name, value in echo["headers"].items()}
    assert "a=1; theme=dark; b=2" == names["cookie"]
    assert "ink_" not in str(echo)


def test_eighty_tabs_at_once_all_end_signed_in(inn: Inn, anna: Visitor) -> None:
    """Eighty tabs of one browser that open a stack at the same time all arrive."""
    browser = signed_in(inn, "anna")

    def tab(number: int) -> int:
        page = browser.visit(inn.url("anna", f"/tab{number}"))
        for _ in range(4):
            if "/.innkeeper/enter" not in page.text or 'method="post"' not in page.text.lower():
                break
            action = page.text.split('action="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
            # As browsers do: the redirect after the POST is a GET, which carries no Origin.
            headers = NAVIGATION | {"Origin": inn.site.portal, "Sec-Fetch-Site": "same-site"}
            page = browser.visit(browser.post(action, headers=headers).headers["Location"])
        return page.status_code if str(page.url).endswith(f"/tab{number}") else 0

    with ThreadPoolExecutor(16) as pool:
        arrived = list(pool.map(tab, range(80)))

    assert [200] * 80 == arrived


def test_signing_out_ends_every_session_of_the_browser(inn: Inn) -> None:
    """After one sign-out, begun on a stack, kept cookies open neither portal nor any host."""
    dora = inn.guest("dora")
    assert inn.inside(dora, "dora").status_code == 200
    kept = {host: dora.cookie(inn.host(host), COOKIE_STACK) for host in ("dora", "api-dora")}
    sso = dora.cookie(inn.site.portal_host, COOKIE_SSO)

    page = dora.visit(inn.url("dora", "/.innkeeper/sign-out"))
    done = dora.submit(page, {})

    assert f"{inn.site.portal}/signed-out" == str(done.url)
    assert dora.cookie(inn.host("dora"), COOKIE_STACK) is None
    for host, value in kept.items():
        headers = PROGRAM | {"Cookie": f"{COOKIE_STACK}={value}"}
        assert 401 == inn.visitor().get(inn.url(host, "/echo"), headers=headers).status_code
    assert inn.visitor().visit(
        inn.site.portal, follow=False, headers={"Cookie": f"{COOKIE_SSO}={sso}"}
    ).status_code in (302, 303)


def test_getting_the_sign_out_page_signs_nobody_out(inn: Inn, anna: Visitor) -> None:
    """A GET of the sign-out page, as a prefetch or an image would do, changes nothing."""
    anna.visit(f"{inn.site.portal}/sign-out")

    assert has_session(inn, anna, "anna")


def test_a_stack_made_again_revives_no_old_session(inn: Inn) -> None:
    """A host session names its stack: removed and made again under the same name, the old cookie is refused."""
    emil = inn.guest("emil")
    assert inn.inside(emil, "emil").status_code == 200
    old = emil.cookie(inn.host("emil"), COOKIE_STACK)

    inn.run("stacks", "remove", "emil", "--yes")
    inn.run("deploy", "emil", "emil", "--json")
    answer = inn.visitor().get(inn.url("emil", "/echo"), headers=PROGRAM | {"Cookie": f"{COOKIE_STACK}={old}"})

    assert answer.status_code in (401, 403)


def test_a_sign_in_link_works_once_and_only_by_its_button(inn: Inn) -> None:
    """The link of `up` survives being looked at, signs in by POST, and only once."""
    link = inn.up()["sign_in_link"]
    scanner, admin, second = inn.visitor(), inn.visitor(), inn.visitor()

    assert 200 == scanner.visit(link).status_code
    page = admin.visit(link)
    assert 200 == admin.submit(page, {}).status_code
    assert admin.cookie(inn.site.portal_host, COOKIE_SSO)
    second.submit(second.visit(link), {})
    assert second.cookie(inn.site.portal_host, COOKIE_SSO) is None
