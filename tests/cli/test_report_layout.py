"""The report in a real browser: fits a phone 360 px wide, reads well, asks for nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roomsweep.cli.report.crops import Picture
from roomsweep.cli.report.html import write_html
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

LONG = "IMG_" + "0123456789" * 30


def long_result() -> Result:
    """Everything that could push the page wide."""
    evidence = Evidence(rule="torch." + "x" * 60, grade=Grade.M, weight_db=11, says=LONG, reference=LONG)
    findings = [
        Finding(
            id=f"F{number}",
            kind=FindingKind.LENS_GLINT if number < 3 else FindingKind.WIFI_NETWORK,
            level=level,
            title=LONG,
            source_ids=("p", "p"),
            probability=0.2,
            where=Where(x_px=30, y_px=30, rssi_dbm=-60),
            identity=Identity(mac="02:00:00:00:00:01", bssid="02:00:00:00:00:02", ssid=LONG, name=LONG, vendor=LONG),
            evidence=(evidence,),
            advice=LONG,
        )
        for number, level in enumerate((Level.SUSPECT, Level.LOOK, Level.LOOK, Level.NOTED), 1)
    ]
    source = Source(
        id="p", kind="pair", name=LONG, state=SourceState.PARTIAL, reason=LONG, facts={LONG: LONG, "synthetic": True}
    )
    return Result(
        tool=Tool(name="roomsweep", version="0"),
        started_at="2026-01-01T00:00:00+00:00",
        verdict=Verdict.SUSPECTS_FOUND,
        sources=(source,),
        findings=tuple(findings),
        limits=(LONG,),
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = np.full((90, 160, 3), 80, np.uint8)
    path = tmp_path_factory.mktemp("report") / "report.html"
    picture = Picture(image=image, original_name=LONG, sha256="ab" * 32, off_image=image)
    write_html(long_result(), path, pictures={"p": picture})
    return path


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light")])
def test_nothing_is_wider_than_the_screen_and_text_is_large_enough(
    browser: Any, report: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme, offline=True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.evaluate(
            "Math.min(...[...document.querySelectorAll('main *, footer *')]"
            ".filter(item => !item.children.length && item.textContent.trim())"
            ".map(item => parseFloat(getComputedStyle(item).fontSize)))"
        )
        >= 16
    )
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(17, 20, 24)" if scheme == "dark" else "rgb(243, 244, 246)")
    assert page.evaluate("[...document.images].every(item => item.complete && item.naturalWidth > 0)")
    assert asked.count("file") == 1
    assert set(asked) <= {"file", "data"}
    assert said == []  # the content policy refused nothing
    context.close()


def test_print_is_light_and_unfolded(browser: Any, report: Path) -> None:
    context = browser.new_context(viewport={"width": 700, "height": 900}, color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    folded = "[...document.querySelectorAll('details > :not(summary)')].filter(item => !item.checkVisibility()).length"
    assert page.evaluate(folded) > 0
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(folded) == 0
    context.close()
