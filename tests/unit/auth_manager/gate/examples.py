"""One site, one stack, its user's session: what the gate's tests are about."""

from auth_manager.gate.forwarded import Target
from auth_manager.sessions.session import Session
from stack_deployer.contract.names import Site
from stack_deployer.contract.route import Route

SITE = Site("inn.test", "http", 8080)
HOSTS = ("alice.inn.test", "api-alice.inn.test")
ORIGIN, API_ORIGIN = (SITE.origin(host) for host in HOSTS)
ROUTE = Route(
    host=HOSTS[0], stack_id="a" * 32, name="alice", user_id="u-alice", user="alice", tenant="acme",
    hosts=HOSTS, state="running", public=("/public",), origins=("https://partner.example",),
    headers={"Remote-User": "user", "Remote-Email": "email"},
)  # fmt: skip
SESSION = Session(
    kind="host", digest="d" * 64, user_id="u-alice", user="alice", email="alice@example.org", sso="e" * 64,
    host=HOSTS[0], stack_id="a" * 32, created=1.0, expires=2e9,
)  # fmt: skip


def forwarded(uri: str = "/", method: str = "GET", host: str = HOSTS[0], **more: str) -> list[tuple[str, str]]:
    """The headers that Traefik sends the gate; `more` in snake case, `sec_fetch_mode="navigate"`."""
    headers = [
        ("X-Forwarded-Method", method),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Uri", uri),
    ]
    return headers + [(name.replace("_", "-"), value) for name, value in more.items()]


def page(path: str = "/", method: str = "GET", host: str = HOSTS[0]) -> Target:
    """A browser's navigation."""
    return Target(host, method, path, fetch_mode="navigate", fetch_site="none", fetch_dest="document")


def call(path: str = "/", method: str = "GET", host: str = HOSTS[0]) -> Target:
    """A program's request."""
    return Target(host, method, path)
