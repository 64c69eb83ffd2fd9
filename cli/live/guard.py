"""Looks at every request before anything else does: was it meant for this computer, by our page, with the token?"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .session import Session, plain

_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), accelerometer=(self), gyroscope=(self), magnetometer=(self), microphone=(), "
    "geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Looks at host, origin and token before anything else, and gives every answer its security headers."""

    def __init__(self, app: ASGIApp, session: Session) -> None:
        self._app, self._session = app, session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        key, what = self._fault(scope, headers, host)
        if key is not None:
            self._session.refused(client_of(scope), what)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            response = PlainTextResponse(plain(key), 403, headers={**_HEADERS, "connection": "close"})
            await response(scope, receive, send)
            return
        policy = _policy(host, secure=scope["scheme"] in ("https", "wss"))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(scope=message)
                own.setdefault("content-security-policy", policy)
                for name, value in _HEADERS.items():
                    own.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _fault(self, scope: Scope, headers: Headers, host: str) -> tuple[str | None, str]:
        """Return which plain page a request gets instead of an answer, and why; None for one that is answered."""
        if not self._session.is_own_host(host):
            return "wrong_host", "a request for another host"
        if not self._session.is_own_origin(headers.get("origin")):
            return "foreign", "a request of another page"
        path = scope["path"]
        if path == "/favicon.ico" or path.startswith("/static/"):
            return None, ""  # holds nothing of anybody's
        given = headers.get("x-roomsweep-token") or _query_token(scope)
        if not given:
            return "no_token", "a request without the token"
        if not self._session.knows(given):
            return "no_token", "a request with a wrong token"
        return None, ""


def client_of(scope: Scope) -> str:
    """Return the address that a request came from."""
    client = scope.get("client")
    return str(client[0]) if client else "?"


def _policy(host: str, *, secure: bool) -> str:
    """Return the page's content security policy; older Safari does not count a websocket as ``'self'``."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"connect-src 'self' {'wss' if secure else 'ws'}://{host}; manifest-src 'self'; worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _query_token(scope: Scope) -> str:
    """Return the link's ``t``."""
    for part in scope.get("query_string", b"")[:500].decode("ascii", "replace").split("&"):
        name, _, value = part.partition("=")
        if name == "t":
            return str(value)
    return ""
