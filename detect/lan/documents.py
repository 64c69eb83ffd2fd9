"""Reads XML and JSON that strangers' hosts send: small, flat, without entities, in bounded time and memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.parsers import expat

#: Largest XML document that is read. UPnP descriptions and WS-Discovery matches have a few kilobytes; a datagram
#: has less than 64.
XML_BYTES_MAX = 256 * 1024

#: Deepest nesting, and most elements: the deepest of them, a UPnP icon in an embedded device, is eight down.
_XML_DEPTH_MAX, _XML_ELEMENTS_MAX = 24, 4000

#: Longest text of one element; the rest is left out.
_XML_TEXT_MAX = 4096

#: Largest and deepest JSON document: discovery answers have a kilobyte or two and five levels.
JSON_BYTES_MAX, _JSON_DEPTH_MAX = 64 * 1024, 16


class _RefusedError(Exception):
    """The document has something that none of ours has."""


def xml_texts(data: bytes) -> dict[str, list[str]] | None:
    """Return the texts of an XML document by the path of their elements, or None.

    Parameters
    ----------
    data
        The document's bytes. One that is larger than :data:`XML_BYTES_MAX`, has a document type declaration (and so
        any entity of its own), is too deep or has too many elements is refused.

    Returns
    -------
    dict or None
        Local names joined by ``/``, without the namespaces' prefixes: ``Envelope/Body/ProbeMatches/ProbeMatch/Types``.
    """
    if not data or len(data) > XML_BYTES_MAX:
        return None
    reader = _XmlReader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, _RefusedError, LookupError, ValueError):
        # Unknown encodings raise LookupError, texts that are not in theirs ValueError.
        return None
    return reader.texts


class _XmlReader:
    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._parts: list[list[str]] = []
        self._sizes: list[int] = []
        self._elements = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        # With these a document cannot define an entity: no bomb, no file or address fetched.
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def _refuse(self, *_: object) -> int:
        raise _RefusedError

    def _start(self, name: str, _: Mapping[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= _XML_DEPTH_MAX or self._elements > _XML_ELEMENTS_MAX:
            raise _RefusedError
        self._path.append(name.rpartition(":")[2][:64])
        self._parts.append([])
        self._sizes.append(0)

    def _data(self, text: str) -> None:
        room = _XML_TEXT_MAX - self._sizes[-1]
        if room > 0:
            self._parts[-1].append(text[:room])
            self._sizes[-1] += min(room, len(text))

    def _end(self, _: str) -> None:
        text = "".join(self._parts.pop()).strip()
        self._sizes.pop()
        if text:
            self.texts.setdefault("/".join(self._path), []).append(text)
        self._path.pop()


def first(texts: Mapping[str, Sequence[str]], *ends: str) -> str | None:
    """Return the first text whose path ends with one of `ends`, in their order, or None."""
    for end in ends:
        for path, values in texts.items():
            if path == end or path.endswith(f"/{end}"):
                return values[0]
    return None


def json_object(data: bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None where `data` is something else, too large or too deep."""
    if not data or len(data) > JSON_BYTES_MAX:
        return None
    depth = 0
    for byte in data:
        if byte in b"[{":
            depth += 1
            if depth > _JSON_DEPTH_MAX:
                return None
        elif byte in b"]}":
            depth -= 1
    try:
        found = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def inside(document: object, *keys: str) -> dict[str, Any]:
    """Return the object at these keys one within the other, empty where there is none."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}
