"""The server of the phone page: hands it out, takes its frames, gives answers, and refuses everybody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import mimetypes
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from . import words
from .analysis import Analyst
from .connections import SteadySocket, limited_protocol, quiet_loop, raise_file_limit
from .guard import Guard, client_of
from .judging import OverloadedError
from .messages import (
    MESSAGE_BYTES_MAX,
    STILL_BYTES_MAX,
    STILL_PIXELS_MAX,
    RefusedError,
    jpeg_size,
    read_message,
    zone_of,
)
from .saving import Ended
from .session import Session, plain

#: Bad messages in a row after which a socket is closed.
_BAD_MAX = 20

#: Answers that may wait for a phone that does not take them.
_UNSENT_MAX = 8

#: Seconds in which a body must have come: a photo of 24 MB takes 24 at 1 MB/s, a poor Wi-Fi.
_BODY_S = 60.0

#: Largest body of the small requests, bytes.
_SMALL_MAX = 1_000

#: Codes of websockets (RFC 6455, 7.4.1) that tell of something wrong with what came.
_WRONG_CODES = {1002: "a broken websocket", 1003: "wrong data", 1007: "text that is none", 1009: "a message too large"}

#: Codes of our own, 4000 and up as the same clause has it: another phone sweeps; the page was opened again.
CODE_BUSY, CODE_AGAIN = 4001, 4002

#: Names under which the page itself may lie in ``static``.
_PAGES = ("index.html", "page.html")

#: The report is one file with its styles and pictures in it.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class LivePage:
    """The application.

    Parameters
    ----------
    session
        Who may ask.
    analyst
        Who looks at the frames.
    """

    def __init__(self, session: Session, analyst: Analyst) -> None:
        self._session, self._analyst = session, analyst
        self._files = _static_files(resources.files(__package__).joinpath("static"))
        self._sockets: dict[str, WebSocket] = {}
        self._report: str | None = None
        routes = [
            Route("/", self._page, methods=["GET"]),
            Route("/static/{name:path}", self._static, methods=["GET"]),
            Route("/favicon.ico", _no_icon, methods=["GET"]),
            Route("/frame", self._frame, methods=["POST"]),
            Route("/still", self._still, methods=["POST"]),
            Route("/zone", self._zone, methods=["POST"]),
            Route("/end", self._end, methods=["POST"]),
            Route("/report", self._report_page, methods=["GET"]),
            WebSocketRoute("/frames", self._socket),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: self._failed, RefusedError: self._not_taken})
        self.app: ASGIApp = Guard(app, session)

    async def close(self) -> None:
        """Tell the phone that it is over."""
        for socket_ in list(self._sockets.values()):
            with contextlib.suppress(Exception):
                await _tell(socket_, "ended", "closing")
                await socket_.close(1001)

    async def _page(self, request: Request) -> Response:
        for name in _PAGES:
            if name in self._files:
                data, kind = self._files[name]
                return Response(data, media_type=kind)
        return PlainTextResponse(plain("no_page"), 503)

    async def _static(self, request: Request) -> Response:
        # Looked up by the whole name: no path of the disk is ever made of what was asked for.
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return Response(found[0], media_type=found[1])

    async def _frame(self, request: Request) -> Response:
        """Take one frame from a browser that cannot open the websocket."""
        self._own(request)
        message = read_message(await _body(request, MESSAGE_BYTES_MAX))
        if not self._session.in_time():
            raise RefusedError(words.phrase("too_many"), status=429)
        answer = await asyncio.wrap_future(self._analyst.offer(message))
        if answer is None:
            return JSONResponse({"type": "overtaken", "seq": message.seq, "text": words.phrase("overtaken")})
        return JSONResponse(answer)

    async def _still(self, request: Request) -> Response:
        self._own(request)
        zone = _zone_header(request.headers.get("x-roomsweep-zone"))
        data = await _body(request, STILL_BYTES_MAX)
        jpeg_size(data, bytes_max=STILL_BYTES_MAX, pixels_max=STILL_PIXELS_MAX)
        try:
            return JSONResponse(await asyncio.wrap_future(self._analyst.still(data, zone=zone)))
        except OverloadedError:
            raise RefusedError("more photos than are taken", status=429) from None

    async def _zone(self, request: Request) -> Response:
        self._own(request)
        try:
            document = json.loads(await _body(request, _SMALL_MAX))
            zone = zone_of(document["zone"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RefusedError("a zone that is no name") from None
        self._analyst.note_zone(zone)
        return JSONResponse({"type": "zone", "zone": zone})

    async def _end(self, request: Request) -> Response:
        self._own(request)
        await _body(request, _SMALL_MAX)
        ended = await asyncio.wrap_future(self._analyst.end())
        self._report = await asyncio.to_thread(_rendered, ended)
        for socket_ in list(self._sockets.values()):
            with contextlib.suppress(Exception):
                await _tell(socket_, "ended", "ended")
        link = f"/report?t={self._session.token}"
        crops = await asyncio.to_thread(_crops, ended)
        return JSONResponse({"type": "result", "result": ended.result.to_dict(), "report": link, "crops": crops})

    async def _report_page(self, request: Request) -> Response:
        if self._report is None:
            return PlainTextResponse(plain("no_report"), 404)
        return HTMLResponse(self._report, headers={"content-security-policy": _REPORT_POLICY})

    def _own(self, request: Request) -> None:
        """Refuse another phone than the one that sweeps."""
        if not self._session.take(client_of(request.scope)):
            raise RefusedError(words.phrase("busy"), status=409)

    async def _socket(self, socket_: WebSocket) -> None:
        client = client_of(socket_.scope)
        if not self._session.take(client):
            self._session.refused(client, "another phone is sweeping")
            await socket_.accept()
            await _tell(socket_, "busy", "busy")
            await socket_.close(CODE_BUSY)
            return
        await socket_.accept()
        old = self._sockets.get(client)
        self._sockets[client] = socket_
        if old is not None:
            with contextlib.suppress(Exception):
                await old.close(CODE_AGAIN)
        unsent: set[asyncio.Task[None]] = set()
        try:
            await _tell(socket_, "ready", "ready")
            await self._frames(socket_, client, unsent)
        except WebSocketDisconnect:
            pass
        finally:
            for task in unsent:
                task.cancel()
            if self._sockets.get(client) is socket_:
                del self._sockets[client]
                self._session.leave(client)

    async def _frames(self, socket_: WebSocket, client: str, unsent: set[asyncio.Task[None]]) -> None:
        """Take messages until the socket closes."""
        bad = 0
        while True:
            got = await socket_.receive()
            if got["type"] == "websocket.disconnect":
                wrong = _WRONG_CODES.get(got.get("code", 1000))
                if wrong is not None:
                    self._session.refused(client, wrong)
                return
            try:
                data = got.get("bytes")
                if data is None:
                    raise RefusedError("text where frames are taken")
                message = read_message(data)
            except RefusedError as error:
                bad += 1
                self._session.refused(client, error.what)
                if bad >= _BAD_MAX:
                    await socket_.close(1008)
                    return
                await _tell(socket_, "ready", "not_taken", what=error.what)
                continue
            bad = 0
            self._session.take(client)
            if not self._session.in_time():
                self._analyst.dropped += 1
                continue
            if len(unsent) >= _UNSENT_MAX:
                await asyncio.wait(unsent, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self._reply(socket_, client, self._analyst.offer(message)))
            unsent.add(task)
            task.add_done_callback(unsent.discard)

    async def _reply(self, socket_: WebSocket, client: str, future: Any) -> None:
        """Send an answer when it is there; nothing for a frame that a newer one overtook."""
        try:
            answer = await asyncio.wrap_future(future)
        except RefusedError as error:
            self._session.refused(client, error.what)
            answer = _state("ready", "not_taken", what=error.what)
        except Exception:  # a fault of ours, logged where it happened
            answer = None
        if answer is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket_.send_text(json.dumps(answer))

    async def _failed(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        self._session.refused(client_of(request.scope), f"{request.method} of what is not there ({error.status_code})")
        return PlainTextResponse(plain("not_found"), error.status_code)

    async def _not_taken(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        self._session.refused(client_of(request.scope), error.what)
        body = {"type": "refused", "text": words.phrase("not_taken", what=error.what)}
        return JSONResponse(body, error.status, headers={"connection": "close"})


class LiveServer(uvicorn.Server):
    """uvicorn, ended by whoever started it and not by signals of its own.

    Parameters
    ----------
    page
        The application.
    context
        TLS; None for plain http on this device.
    """

    def __init__(
        self, page: LivePage, *, session: Session, context: ssl.SSLContext | None, ready: Callable[[], None]
    ) -> None:
        raise_file_limit()
        config = uvicorn.Config(
            page.app,
            http=limited_protocol(session.refused),
            ws=SteadySocket,
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=MESSAGE_BYTES_MAX,
            ws_per_message_deflate=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=2,
            backlog=128,
        )
        super().__init__(config)
        config.load()
        if context is not None:
            config.ssl = context
        self._page, self._ready = page, ready

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Leave the signals to the command."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        quiet_loop(asyncio.get_running_loop())
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the phone, then end."""
        await self._page.close()
        await super().shutdown(sockets)


def _static_files(folder: Traversable, prefix: str = "") -> Mapping[str, tuple[bytes, str]]:
    """Return the page's files by their names below `folder`: bytes and media type."""
    out: dict[str, tuple[bytes, str]] = {}
    if not folder.is_dir():
        return out
    for item in folder.iterdir():
        if item.is_dir():
            out |= _static_files(item, f"{prefix}{item.name}/")
        elif not item.name.startswith("."):
            kind = mimetypes.guess_type(item.name)[0] or "application/octet-stream"
            out[prefix + item.name] = (item.read_bytes(), "text/javascript" if kind.endswith("javascript") else kind)
    return out


def _zone_header(value: str | None) -> str | None:
    """Return a zone as a header carries it: percent-encoded where it is not ASCII."""
    from urllib.parse import unquote

    return zone_of(unquote(value[:400]) if value else None)


async def _body(request: Request, bytes_max: int) -> bytes:
    """Return a request's body; one that is or becomes too large is not read on."""
    claimed = request.headers.get("content-length", "0")
    if not claimed.isdigit() or int(claimed[:12]) > bytes_max:
        raise RefusedError(f"a body of {claimed[:12]} bytes, more than are taken", status=413)
    parts, size = [], 0
    try:
        async with asyncio.timeout(_BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > bytes_max:
                    raise RefusedError("a body larger than is taken", status=413)
                parts.append(part)
    except TimeoutError:
        raise RefusedError("a body that does not end", status=408) from None
    except ClientDisconnect:
        raise RefusedError("a body that was broken off") from None
    return b"".join(parts)


def _state(state: str, key: str, **values: object) -> dict[str, Any]:
    return {"type": "state", "state": state, "text": words.phrase(key, **values)}


def _tell(socket_: WebSocket, state: str, key: str, **values: object) -> Awaitable[None]:
    return socket_.send_text(json.dumps(_state(state, key, **values)))


def _rendered(ended: Ended) -> str:
    from ..report.html import render_html

    html: str = render_html(ended.result, pictures=ended.pictures)
    return html


def _crops(ended: Ended) -> dict[str, str]:
    """Return a close-up of every finding that is worth a look, by its id in the result."""
    from ...detect.result import Level
    from ..report.crops import crop
    from ..report.keys import key_of
    from .judging import data_address

    out = {}
    for finding in ended.result.findings:
        picture, where = ended.pictures.get(key_of(finding)), finding.where
        if picture is not None and finding.level is not Level.NOTED and where.x_px is not None:
            out[finding.id] = data_address(
                crop(picture.image, where.x_px, where.y_px or 0.0, radius_px=where.radius_px)
            )
    return out


async def _no_icon(request: Request) -> Response:
    return Response(status_code=204)
