"""JSON that may be hostile or cut off: whole objects are taken, and nothing is raised."""

from __future__ import annotations

import json
import re
from typing import Any

#: An object without others in it.
_FLAT = re.compile(r"\{[^{}]*\}")

#: Longest text of one flat object that is parsed, in characters; one network has some 400.
_OBJECT_CHARACTERS = 16_384


def whole_value(text: str) -> tuple[Any, bool]:
    """Return the value that a text is, and whether it is one; ``(None, False)`` for what is no JSON or is cut."""
    try:
        return json.loads(text), True
    except (ValueError, RecursionError):
        return None, False


def flat_objects(text: str) -> list[dict[str, Any]]:
    """Return the objects without others in them that stand whole in a text that is cut off."""
    out = []
    for match in _FLAT.finditer(text):
        if match.end() - match.start() <= _OBJECT_CHARACTERS:
            value, whole = whole_value(match[0])
            if whole:
                out.append(value)
    return out
