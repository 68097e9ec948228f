"""`python -m tenant_apps.hello`: serve on HOST:PORT until TERM."""

import os
import sys

import uvicorn

from tenant_apps.hello.app import make_app
from tenant_apps.kit import Identity

_GRACE = 3  # seconds that open requests get after TERM; the engine kills after five


def run() -> None:
    """Serve; a missing variable is told in one line."""
    try:
        identity = Identity.from_environment()
        port = int(os.environ["PORT"])
    except KeyError as error:
        sys.exit(f"hello: the variable {error.args[0]} is not set; the platform sets it for every service")
    except ValueError:
        sys.exit(f"hello: PORT is {os.environ['PORT']!r}, a number is needed")
    origins = [origin.strip() for origin in os.environ.get("INNKEEPER_ORIGINS", "").split(",") if origin.strip()]
    uvicorn.run(
        make_app(identity, origins),
        host=os.environ.get("HOST", "0.0.0.0"),  # noqa: S104  in a container; the local engine sets loopback
        port=port,
        ws="websockets-sansio",
        proxy_headers=False,
        server_header=False,
        log_level="info",  # its start and end; requests are the platform's to log
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )


if __name__ == "__main__":
    run()
