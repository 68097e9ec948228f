"""What reached the app, as a plain value: the tests' and the visitor's mirror."""

from typing import Any

from starlette.requests import HTTPConnection, Request

from tenant_apps.kit import AuthUser


def headers(connection: HTTPConnection) -> dict[str, str]:
    """Every header by its name as it arrived; one that came more than once is joined."""
    joined: dict[str, str] = {}
    for name, value in connection.headers.items():
        between = "; " if name == "cookie" else ", "
        joined[name] = f"{joined[name]}{between}{value}" if name in joined else value
    return joined


async def reflect(request: Request, user: AuthUser | None) -> dict[str, Any]:
    """The request as it arrived; the body is counted, not kept."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {
        "user": whoami(user) if user else None,
        "method": request.method,
        "host": request.headers.get("host", ""),
        "path": request.scope["path"],
        "query": request.scope["query_string"].decode("latin-1"),
        "headers": headers(request),
        "cookies": request.cookies,
        "body_bytes": size,
    }


def whoami(user: AuthUser) -> dict[str, str]:
    """The caller as JSON."""
    return {"id": user.id, "user": user.user, "email": user.email, "tenant": user.tenant, "role": user.role}
