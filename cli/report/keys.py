"""Which picture shows a finding: the key into the pictures that a sweep hands to its report."""

from __future__ import annotations

from ...detect.result import Finding


def picture_key(source_id: str, frame: int | None = None) -> str:
    """Return the key of a source's picture, or of one frame of a clip."""
    return source_id if frame is None else f"{source_id}#{frame}"


def key_of(finding: Finding) -> str:
    """Return the key of the picture that shows `finding`."""
    return picture_key(finding.source_ids[0], finding.where.frame)
