"""Names that strangers chose are shown, and do nothing."""

import io
import re
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from roomsweep.cli.report.crops import Picture
from roomsweep.cli.report.html import render_html
from roomsweep.cli.report.terminal import print_result
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

ATTACKS = {
    "terminal": "\x1b[2J\x1b[31mred\x1b]8;;http://evil.example\x07link\x9b31m\r\b\x7f",
    "markup": "[red]x[/red] [link=http://evil.example]y[/link] [/] [bold :warning: \\[",
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)></style></title></details>&lt;b&gt;",
    "attribute": '"\' onmouseover=alert(1) style="background:url(http://evil.example)" x=\'',
    "template": "{{ 7*7 }}{% include '/etc/passwd' %}{0}{name}%s",
    "formula": '=HYPERLINK("http://evil.example";"click")',
    "bidi": "cam\u202eera\u2066\u2069\u200f\u200b\ufeff\u2028\u2029",
    "nul": "a\x00b\x00",
    "long": "A" * 10_000,
    "long_words": "wide \u5bb6 " * 2_000,
    "surrogate": "\ud800x\udfff",
    "tower": "Z" + "\u0335\u0336" * 500,
    "empty": "",
}

#: Categories of characters that have no shape of their own: controls, formats, surrogates, separators.
SHAPELESS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def hostile(attack: str, level: Level = Level.IDENTIFIED) -> Result:
    """A result with `attack` in every text that comes from outside, and in all others too."""
    source = Source(
        id="s1",
        kind=attack or "photo",
        name=attack,
        state=SourceState.PARTIAL,
        reason=attack or "x",
        facts={attack: attack, "list": [attack, {"x": attack}], "sha256": attack, "synthetic": True},
    )
    evidence = Evidence(rule=attack, grade=Grade.A, weight_db=20, says=attack, reference=attack)
    findings = [
        Finding(
            id=f"F{number}{attack}",
            kind=kind,
            level=kind_level,
            title=attack,
            source_ids=("s1", "s1"),
            probability=0.5,
            where=Where(x_px=5, y_px=5, rssi_dbm=-50, t_s=1, zone=attack),
            identity=Identity(
                mac=attack, bssid=f"{attack}.", ssid=attack, ip=attack, name=attack, vendor=attack, randomised_mac=True
            ),
            evidence=(evidence,),
            advice=attack,
        )
        for number, (kind, kind_level) in enumerate(
            [
                (FindingKind.LENS_GLINT, level),
                (FindingKind.WIFI_NETWORK, Level.LOOK),
                (FindingKind.BLUETOOTH_DEVICE, Level.NOTED),
            ]
        )
    ]
    return Result(
        tool=Tool(name=attack, version=attack),
        started_at=attack,
        verdict=Verdict.CAMERA_IDENTIFIED,
        sources=(source,),
        findings=tuple(findings),
        limits=(attack,),
    )


def html_of(attack: str) -> str:
    image = np.zeros((20, 20, 3), np.uint8)
    picture = Picture(image=image, original_name=attack, sha256=attack, off_image=image)
    return render_html(hostile(attack), pictures={"s1": picture})


class Skeleton(HTMLParser):
    """Elements and attribute names in order, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.shape.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "empty"])
def test_html_has_the_same_elements_as_with_a_harmless_name(name: str) -> None:
    page, harmless = Skeleton(html_of(ATTACKS[name])), Skeleton(html_of("harmless"))
    assert page.shape == harmless.shape
    assert "script" not in {tag for tag, _ in page.shape}


@pytest.mark.parametrize("name", ATTACKS)
def test_html_holds_no_shapeless_characters_and_encodes(name: str) -> None:
    text = html_of(ATTACKS[name])
    assert {char for char in text if unicodedata.category(char) in SHAPELESS} == {"\n"}
    assert len(text.encode("utf-8")) < 200_000
    assert not re.search(r"(.)\1{4000}", text)


def test_html_still_shows_what_the_name_was() -> None:
    assert "<script>alert(1)</script>" in Skeleton(html_of(ATTACKS["html"])).text
    assert "{{ 7*7 }}" in Skeleton(html_of(ATTACKS["template"])).text
    assert "cam\\u202eera" in Skeleton(html_of(ATTACKS["bidi"])).text


def terminal_of(attack: str, *, width: int, terminal: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    print_result(hostile(attack), console=console, show_noted=True)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("name", ATTACKS)
def test_terminal_gets_no_control_characters(name: str, width: int) -> None:
    text = terminal_of(ATTACKS[name], width=width, terminal=False)
    assert {char for char in text if unicodedata.category(char) in SHAPELESS} == {"\n"}
    text.encode("utf-8")


@pytest.mark.parametrize("name", ATTACKS)
def test_a_colour_terminal_gets_colours_only(name: str) -> None:
    text = terminal_of(ATTACKS[name], width=80, terminal=True)
    assert "\x1b]" not in text  # no links, no titles
    rest = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert {char for char in rest if unicodedata.category(char) in SHAPELESS} == {"\n"}


def test_markup_is_shown_as_it_is() -> None:
    text = terminal_of("[red]x[/red] :warning:", width=200, terminal=False)
    assert "[red]x[/red] :warning:" in text
