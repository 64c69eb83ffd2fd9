"""The HTML report: complete, self-contained, small, readable by machine and by eye."""

import itertools
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from roomsweep.cli.report import wording
from roomsweep.cli.report.crops import Picture
from roomsweep.cli.report.html import FINDINGS_WITH_PICTURES, NOTED_ROWS, render_html, write_html
from roomsweep.detect.result import (
    Evidence,
    Finding,
    FindingKind,
    Grade,
    Identity,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
)


class Page(HTMLParser):
    """What a browser would make of the page: tags with attributes, text without styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def evidence(rule: str = "torch.gated", weight_db: float = 11.0) -> Evidence:
    return Evidence(rule=rule, grade=Grade.M, weight_db=weight_db, says=f"Seen by {rule}.", reference=f"weight: {rule}")


def glint(number: int = 1, *, level: Level = Level.LOOK, source: str = "pair-1") -> Finding:
    return Finding(
        id=f"F{number}",
        kind=FindingKind.LENS_GLINT,
        level=level,
        title="A small bright spot",
        source_ids=(source,),
        probability=0.05,
        where=Where(x_px=20.0 + number, y_px=30.0, radius_px=2.0),
        evidence=(evidence(), evidence("shape.glint", -4.0)),
        advice="Look from the side.",
    )


def network(number: int, *, level: Level = Level.NOTED) -> Finding:
    return Finding(
        id=f"F{number}",
        kind=FindingKind.WIFI_NETWORK,
        level=level,
        title=f"Network number {number}",
        source_ids=("wifi-1",),
        probability=None,
        where=Where(rssi_dbm=-44.0),
        identity=Identity(bssid="9c:9c:1f:45:aa:02", ssid="GHBB-000001-NRLXW", vendor="Espressif"),
        evidence=(evidence("identity.ssid", 30.0),),
        advice="Walk about.",
    )


SOURCES = (
    Source(id="pair-1", kind="pair", name="on.jpg", state=SourceState.EXAMINED, facts={"spots": 7}),
    Source(id="wifi-1", kind="wifi_capture", name="a.pcap", state=SourceState.PARTIAL, reason="ends inside record 9"),
    Source(id="ble-1", kind="bluetooth_capture", name="b.txt", state=SourceState.NOT_EXAMINED, reason="is a text file"),
)


def result(
    findings: Sequence[Finding], *, verdict: Verdict = Verdict.WORTH_A_LOOK, sources: Sequence[Source] = SOURCES
) -> Result:
    return Result(
        tool=Tool(name="roomsweep", version="0.1.0"),
        started_at="2026-11-20T21:04:11+01:00",
        verdict=verdict,
        sources=tuple(sources),
        findings=tuple(findings),
        limits=("The ceiling was not photographed.",),
    )


def picture(*, width: int = 300, height: int = 200, off: bool = True, noise: bool = False) -> Picture:
    image = np.full((height, width, 3), 60, np.uint8)
    if noise:
        image = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(image=image, original_name="on.jpg", sha256="ab" * 32, off_image=image // 2 if off else None)


def test_one_file_that_asks_for_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_html(result([glint()]), path, pictures={"pair-1": picture()})
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    metas = page.all("meta")
    assert {
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    } in metas
    assert {"name": "referrer", "content": "no-referrer"} in metas
    assert page.all("html") == [{"lang": "en"}]
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in page.tags}
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    assert "url(" not in text
    assert "@import" not in text
    assert not re.search(r"https?://", text)


def test_a_pair_shows_on_off_and_the_whole_picture_with_words_for_each() -> None:
    page = Page(render_html(result([glint()]), pictures={"pair-1": picture()}))
    images = page.all("img")
    assert [image["alt"] for image in images] == [
        "Close-up for finding F1 with the torch on. A ring marks the bright spot.",
        "The same place as in the close-up for finding F1, with the torch off.",
        "The whole photo, small. A ring marks finding F1, upper left.",
    ]
    assert "on.jpg, upper left (at 21, 30 of 300 × 200 pixels)." in page.text


def test_a_single_photo_shows_one_close_up() -> None:
    page = Page(render_html(result([glint()]), pictures={"pair-1": picture(off=False)}))
    assert len(page.all("img")) == 2
    assert "torch off" not in page.text.split("Why")[0].split("A small bright spot")[1]


def test_without_the_picture_the_place_is_told_in_numbers() -> None:
    page = Page(render_html(result([glint()]), pictures={}))
    assert page.all("img") == []
    assert "At 21, 30 pixels from the upper left corner of on.jpg." in page.text


def test_the_finding_tells_why_how_strongly_and_what_to_do() -> None:
    text = Page(render_html(result([glint()]), pictures={})).text
    assert "Estimate: about 1 in 20 things with signs like these are cameras." in text
    assert "Seen by torch.gated. Strong sign of a camera (+11.0 dB, grade M)" in text
    assert "Seen by shape.glint. Speaks weakly against a camera (-4.0 dB, grade M)" in text
    assert "torch.gated : weight: torch.gated" in text
    assert "How to decide Look from the side." in text
    assert "Probably harmless" in text


def test_a_network_tells_its_names_and_signal() -> None:
    text = Page(render_html(result([network(1, level=Level.IDENTIFIED)]), pictures={})).text
    for words in ("GHBB-000001-NRLXW", "9c:9c:1f:45:aa:02", "Espressif", "Strong (-44 dBm)", "radio alone does not"):
        assert words in text
    assert "No number can be given for it" in text


def test_the_sources_and_what_was_not_looked_at_are_told() -> None:
    text = Page(render_html(result([], verdict=Verdict.NOTHING_FOUND), pictures={})).text
    assert "Nothing was found by the checks that ran." in text
    assert text.index("The ceiling was not photographed.") < text.index("No finding was raised")
    assert "a.pcap Wi-Fi recording Examined in part ends inside record 9" in text
    assert "b.txt Bluetooth recording Not examined is a text file" in text
    assert "2 inputs could not be examined whole" in text


def test_what_to_do_now_stands_only_with_strong_findings() -> None:
    strong = Page(render_html(result([glint(level=Level.SUSPECT)], verdict=Verdict.SUSPECTS_FOUND), pictures={})).text
    weak = Page(render_html(result([glint()]), pictures={})).text
    assert "What to do now" in strong
    assert strong.index("Do not touch or move it.") < strong.index("A small bright spot")
    assert "What to do now" not in weak
    assert "How to check Bright spot" in weak


def test_noted_findings_are_folded_up_and_capped() -> None:
    findings = [network(number) for number in range(1, NOTED_ROWS + 6)]
    page = Page(render_html(result(findings, verdict=Verdict.NOTHING_FOUND), pictures={}))
    assert f"{NOTED_ROWS + 5} other things were seen and noted" in page.text
    assert f"Network number {NOTED_ROWS} " in page.text
    assert f"Network number {NOTED_ROWS + 1} " not in page.text
    assert f"The first {NOTED_ROWS} are listed" in page.text


def test_many_findings_stay_small_and_none_is_lost() -> None:
    findings = [glint(number) for number in range(1, 21)]
    noisy = picture(width=1600, height=1200, noise=True)  # the worst that JPEG can meet
    text = render_html(result(findings), pictures={"pair-1": noisy})
    page = Page(text)
    assert len(text.encode()) < 3_000_000
    assert [card["data-finding"] for card in page.all("article")] == [f"F{n}" for n in range(1, 21)]
    assert 3 <= len(page.all("img")) <= 3 * FINDINGS_WITH_PICTURES
    assert "pictures are shown with the first findings only" in page.text
    assert f"{20 - FINDINGS_WITH_PICTURES} more findings, weaker than those above" in page.text


def test_ordinary_pictures_are_shown_for_the_first_findings() -> None:
    findings = [glint(number) for number in range(1, 21)]
    page = Page(render_html(result(findings), pictures={"pair-1": picture(width=1280, height=720)}))
    assert len(page.all("img")) == 3 * FINDINGS_WITH_PICTURES


def test_synthetic_input_is_said_so() -> None:
    made = Source(id="pair-1", kind="pair", name="made.png", state=SourceState.EXAMINED, facts={"synthetic": True})
    text = Page(render_html(result([], sources=[made], verdict=Verdict.NOTHING_FOUND), pictures={})).text
    assert "This report is synthetic" in text
    assert "Made by a computer: made.png." in text
    assert "synthetic" not in Page(render_html(result([]), pictures={})).text


def test_the_footer_names_tool_time_form_and_hashes() -> None:
    capture = Source(
        id="w", kind="wifi_capture", name="w.pcap", state=SourceState.EXAMINED, facts={"sha256": "cd" * 32}
    )
    text = Page(render_html(result([], sources=[*SOURCES, capture]), pictures={"pair-1": picture()})).text
    for words in ("roomsweep 0.1.0", "2026-11-20, 21:04:11 (UTC+01:00)", "roomsweep.result/1", "ab" * 32, "cd" * 32):
        assert words in text


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_renders_and_promises_nothing(verdict: Verdict) -> None:
    page = Page(render_html(result([glint(), network(2)], verdict=verdict), pictures={"pair-1": picture()}))
    words = wording.verdict_words(verdict)
    assert words.headline in page.text
    assert words.means in page.text
    assert words.means_not in page.text
    assert not re.search(r"\bsafe|\bclear\b|\bno (hidden )?cameras?\b|without cameras", page.text, re.I)
    assert [attrs["data-verdict"] for _, attrs in page.tags if "data-verdict" in attrs] == [str(verdict)]


def test_an_empty_result_renders() -> None:
    text = Page(render_html(result([], sources=[], verdict=Verdict.NOT_EXAMINED), pictures={})).text
    assert "Nothing could be examined." in text
    assert "No input was given." in text
    assert "No check could run." in text
    assert "Details of the inputs" not in text


@pytest.mark.parametrize("level", list(Level)[:3])
def test_headings_come_in_order_and_ids_are_unique(level: Level) -> None:
    findings = [glint(1, level=level), glint(2), network(3, level=Level.LOOK), network(4)]
    page = Page(render_html(result(findings), pictures={"pair-1": picture()}))
    ranks = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(ranks))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = {attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs}
    targets = {str(link["href"])[1:] for link in page.all("a")}
    assert labelled | targets <= set(ids)


def luminance(colour: str) -> float:
    """WCAG 2.2 relative luminance of ``#rrggbb``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_at_least_4_5_in_light_dark_and_print() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    text = render_html(result([]), pictures={})
    themes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{(.*?)\}", text, re.S)
    ]
    assert len(themes) == 3
    for theme in themes:
        backs = [theme[name] for name in ("page", "card", "noted-back")]
        pairs = [(theme[ink], back) for ink in ("ink", "soft", "link") for back in backs]
        for tone in ("identified", "suspect", "look", "noted"):
            pairs += [
                (theme[tone], theme[f"{tone}-back"]),
                (theme[tone], theme["card"]),
                (theme["ink"], theme[f"{tone}-back"]),
            ]
            pairs += [(theme["link"], theme[f"{tone}-back"])]
        assert min(contrast(*pair) for pair in pairs) >= 4.5


def test_every_phrase_the_template_names_exists() -> None:
    template = (
        resources.files("roomsweep.cli.report").joinpath("templates", "report.html.j2").read_text(encoding="utf-8")
    )
    named = set(re.findall(r'\bp\("(\w+)"', template))
    counted = set(re.findall(r'\bpn\("(\w+)"', template))
    assert len(named) > 30
    assert named <= set(wording._PHRASES)
    assert {f"{key}{form}" for key in counted for form in ("_one", "_many")} <= set(wording._PHRASES)
