"""Which picture shows a finding: the key into the pictures that a sweep hands to its report."""

from __future__ import annotations

from ...detect.result import Finding, Where


def picture_key(source_id: str, frame: int | None = None) -> str:
    """Return the key of a source's picture, or of one frame of a clip."""
    return source_id if frame is None else f"{source_id}#{frame}"


def strip_key(source_id: str, where: Where) -> str:
    """Return the key of the strip of close-ups over time of a clip's finding."""
    return f"{source_id}#strip:{where.frame}:{where.x_px}:{where.y_px}"


def strip_key_of(finding: Finding) -> str:
    """Return the key of the strip that shows `finding` over time."""
    return strip_key(finding.source_ids[0], finding.where)


def key_of(finding: Finding) -> str:
    """Return the key of the picture that shows `finding`."""
    return picture_key(finding.source_ids[0], finding.where.frame)
