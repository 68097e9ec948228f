"""A small service to run in tests: answers `/health`, tells its environment, misbehaves when told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """`/health` as `STATUS` says; anything else: pid and environment as JSON."""

    def do_GET(self) -> None:
        """Answer."""
        healthy = self.path == "/health"
        body = b"" if healthy else json.dumps({"pid": os.getpid(), "env": dict(os.environ)}).encode()
        self.send_response(int(os.environ.get("STATUS", "200")) if healthy else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the overridden one's
        """Say nothing: the log holds what the tests look for."""


class Server(ThreadingHTTPServer):
    """Like those of real services it does not wait for TIME_WAIT."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Without the reverse lookup of the standard one."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "localhost", self.server_address[1]


def main() -> None:
    """Do as the environment says: DIE at once, have a CHILD that ignores TERM, be DEAF to it, MUTE, or serve."""
    print("starting", flush=True)
    if "DIE" in os.environ:
        sys.exit(f"dying as told: {os.environ['DIE']}")
    if "DEAF" in os.environ:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "CHILD" in os.environ:
        sleep = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
        with subprocess.Popen(
            [sys.executable, "-c", f"{sleep}; time.sleep(600)"], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            print(f"child {child.pid}", flush=True)
            time.sleep(600)
    if "PORT" not in os.environ or "MUTE" in os.environ:
        print("waiting", flush=True)
        time.sleep(600)
    Server((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
