"""The gate as an ASGI application: parse, read, decide, answer; no framework in between.

Fails closed: a Redis error or a late answer is 503 and keeps the visitor's cookies, never "no session".
"""

import asyncio
import json
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_manager.gate import answers, forwarded, handoff, refusals
from auth_manager.gate.answers import Answer
from auth_manager.gate.decide import (
    Allowed,
    Blank,
    Bye,
    HandOff,
    Portal,
    Reason,
    Refused,
    Settled,
    SignIn,
    ToPortal,
    decide,
    needs_reading,
)
from auth_manager.gate.forwarded import ForwardRefused, Target
from auth_manager.gate.handoff import HandOffs
from auth_manager.gate.peers import Peers
from auth_manager.gate.reading import Reader
from auth_manager.sessions.assertion import Signer
from auth_manager.sessions.session import Session
from auth_manager.sessions.store import Sessions
from stack_deployer.contract.names import Site

DEADLINE = 0.2  # seconds for all Redis work of one request

_SILENT = (RedisError, OSError, TimeoutError)
_JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_ALIVE = Answer(200, _JSON, b'{"alive": true}')

_log = structlog.get_logger()


class Gate:
    """One gate process: `/auth` for trusted peers, `/health` and `/ready` for anybody."""

    def __init__(
        self,
        site: Site,
        peers: Peers,
        redis: Redis,
        reader: Reader,
        sessions: Sessions,
        handoffs: HandOffs,
        signer: Signer,
        *,
        address: str = "",
    ) -> None:
        self._site = site
        self._peers = peers
        self._redis = redis
        self._reader = reader
        self._sessions = sessions
        self._handoffs = handoffs
        self._signer = signer
        self._address = address
        self._background: set[asyncio.Task[None]] = set()  # asyncio itself holds tasks by weak references only

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        if scope["path"] == "/auth":
            answer = await self._auth(scope)
        elif scope["path"] == "/health":
            answer = _ALIVE
        elif scope["path"] == "/ready":
            answer = await self._ready()
        else:
            answer = refusals.bad_request(404, "not_found", "The gate has /auth, /health and /ready.")
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _auth(self, scope: Any) -> Answer:
        client = scope["client"]
        if client is None or client[0] not in self._peers:
            return refusals.bad_request(403, "untrusted_peer", "The gate does not answer to this peer.")
        try:
            target = forwarded.parse(scope["headers"])
        except ForwardRefused as refused:
            return refusals.bad_request(400, "bad_request", str(refused))
        reading = None
        try:
            async with asyncio.timeout(DEADLINE):
                if needs_reading(self._site, target):
                    reading = await self._reader.read(target.host, target.jar.stack)
                decision = decide(self._site, target, reading)
                if isinstance(decision, HandOff):
                    return await self._handoffs.answer(target, decision)
        except _SILENT as error:
            _log.warning("Redis is silent", error=type(error).__name__)
            decision = Refused(Reason.REDIS_SILENT)
        return self._answer(target, decision)

    def _answer(self, target: Target, decision: Settled) -> Answer:
        if isinstance(decision, Allowed):
            if self._sessions.due(decision.session):
                self._touch(decision.session)
            assertion = self._signer.sign(session=decision.session, route=decision.route, role=decision.role)
            return answers.passed(target, decision, assertion)
        if isinstance(decision, Blank | Portal):
            return answers.passed(target, decision)
        if isinstance(decision, SignIn):
            return self._handoffs.sign_in(target, decision.route)
        if isinstance(decision, ToPortal):
            return answers.redirect(target, f"{self._site.portal}/")
        if isinstance(decision, Bye):
            return handoff.bye(self._site, target)
        return refusals.refuse(self._site, target, decision)

    def _touch(self, session: Session) -> None:
        """Extend the idle time beside the request, which does not wait for it."""
        task = asyncio.get_running_loop().create_task(self._extend(session))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _extend(self, session: Session) -> None:
        try:
            await self._sessions.touch(session)
        except _SILENT as error:
            _log.warning("a session's idle time was not extended", error=type(error).__name__)

    async def _ready(self) -> Answer:
        try:
            async with asyncio.timeout(DEADLINE):
                missing = "" if await self._reader.routes_loaded() else "routes"
        except _SILENT:
            missing = "redis"
        body = {"ready": False, "missing": missing} if missing else {"ready": True}
        return Answer(503 if missing else 200, _JSON, json.dumps(body).encode())

    async def _live(self, receive: Any, send: Any) -> None:
        """ASGI lifespan: https://asgi.readthedocs.io/en/latest/specs/lifespan.html."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _log.info(f"listening on {self._address}")
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._redis.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
