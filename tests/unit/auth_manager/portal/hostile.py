"""Ways back that an attacker would give: other sites in every spelling that some parser somewhere misreads."""

_EVIL = "evil.example"

SCHEMES = [
    f"http://{_EVIL}/", f"https://{_EVIL}", f"HTTPS://{_EVIL}/", f"http:{_EVIL}", f"http:/{_EVIL}", f"http:///{_EVIL}",
    f"https:\\\\{_EVIL}", f"ftp://{_EVIL}/", f"//{_EVIL}", f"///{_EVIL}", f"////{_EVIL}", f"/////{_EVIL}/a",
    f"\\\\{_EVIL}", f"/\\{_EVIL}", f"\\/{_EVIL}", f"/\\/{_EVIL}", f"/\\\\{_EVIL}", f"//\\{_EVIL}", f"\\{_EVIL}",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "javascript://%0aalert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:msgbox(1)",
    "file:///etc/passwd", "view-source:http://evil.example", "blob:http://evil.example/1", "about:blank",
    "mailto:a@b.c",
]  # fmt: skip
_BLANKS = (
    "\t", "\n", "\r", "\r\n", "\0", "\x0b", "\x0c", " ", "\x1f", "\x7f", "\x85", "\xa0", "\u2028", "\u3000",
)  # fmt: skip
SPACES = [f"/{blank}/{_EVIL}" for blank in _BLANKS] + [
    f"{blank}//{_EVIL}" for blank in ("\t", "\n", "\r", " ", "\0", "\x08", "\ufeff", "\u200b", "\u00ad")
]  # fmt: skip
ENCODED = [
    f"/%09/{_EVIL}", f"/%0a/{_EVIL}", f"/%0d%0aLocation:%20http://{_EVIL}", f"/%2f{_EVIL}", f"/%2F%2F{_EVIL}",
    f"%2f%2f{_EVIL}",
    f"/%5c{_EVIL}", f"/%5C%5C{_EVIL}", f"%5c%5c{_EVIL}", f"/%252f%252f{_EVIL}", f"/%00/{_EVIL}", f"/%20/{_EVIL}",
    f"%68ttp://{_EVIL}", f"http%3A%2F%2F{_EVIL}", f"/%E3%80%82{_EVIL}", f"/%u002f{_EVIL}", f"/.%2f/{_EVIL}",
    f"/%2e%2e//{_EVIL}",
    f"&#x2f;&#x2f;{_EVIL}", f"/&#47;{_EVIL}", f"/%c0%af{_EVIL}", f"/%ff//{_EVIL}",
]  # fmt: skip
USERINFO = [
    f"http://auth.inn.localhost@{_EVIL}/", f"http://auth.inn.localhost:8080@{_EVIL}/",
    f"http://auth.inn.localhost%40{_EVIL}/",
    f"//auth.inn.localhost@{_EVIL}", f"@{_EVIL}", f"/@{_EVIL}", f":@{_EVIL}", f"http://a:b@{_EVIL}:80/",
    f"//user@{_EVIL}/%2f..",
    f"http://{_EVIL}#@auth.inn.localhost/", f"http://{_EVIL}?auth.inn.localhost/",
    f"http://{_EVIL}\\@auth.inn.localhost/",
]  # fmt: skip
LOOKALIKES = [
    f"http://auth.inn.localhost.{_EVIL}/", "http://evilinn.localhost/", "http://auth.inn.localhost:8080.evil.example/",
    "http://auth.inn.localhost:80800/", "http://auth.inn.localhost:8080%2eevil.example", "http://auth-inn.localhost/",
    "http://аuth.inn.localhost/", "http://auth。inn。localhost/", "http://ａuth.inn.localhost:8080/",
    "//auth.inn.localhost.",
    "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://127.1/",
    "//localhost",
]  # fmt: skip
PATHS = [
    "", ".", "..", "evil", "stacks/x", "./stacks/x", "../enter", "?next=/", "#", "#/enter", "/.", "/..",
    "/../..//evil.example",
    "/sign-out", "/sign-in", "/sign-in?next=/", "/sign-in/link?ticket=x", "/signed-out", "/api/auth/login",
    "/static/../..",
    "/stacks", "/stacks/", "/stacks//evil.example", "/stacks/..//evil.example", "/stacks/%2e%2e",
    "/stacks/x/../../enter?",
    "/stacks/" + "0" * 31, "/stacks/" + "0" * 33, "/stacks/" + "A" * 32, "/stacks/" + "0" * 32 + "/",
    "/stacks/" + "0" * 32 + "/events",
    "/stacks/" + "0" * 32 + "\n", "/stacks/" + "0" * 32 + "?x=//evil", "/stacks/" + "٠" * 32, "/enter", "/enter/",
    "/enter//evil.example",
    "/enter@evil.example", "/enter.evil.example", "/enter:80", "/enter\\..\\evil", "/enter?\\", "/enter? x",
    "/enter?\n", "/enter?x\r\ny: z",
    "/enter?é", "/enter?\x7f", "/Enter?x", "/enter?" + "a" * 20000, "/;//evil.example", "/,//evil.example", "/*", "/~",
    "/\u202e",
]  # fmt: skip

TARGETS = SCHEMES + SPACES + ENCODED + USERINFO + LOOKALIKES + PATHS
