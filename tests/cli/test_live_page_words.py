"""The catalogues of the phone page: all complete, none of them promising anything."""

import json
import re
from pathlib import Path

import pytest

import roomsweep.cli.live
from roomsweep.cli.report import wording
from roomsweep.detect.result import Level, SourceState, Verdict

STATIC = Path(roomsweep.cli.live.__file__).parent / "static"
LANGUAGES = ("en", "ja", "ko", "zh-Hans", "zh-Hant")

#: Words that promise, by language: that a room is safe or clear, that one may rest assured, that there is none.
PROMISES = {
    "en": r"\bsafe\b|\bsafely\b|\bsafety\b|\bclear\b|\bcleared\b|\bclean\b|\bno (hidden )?cameras?\b|"
    r"\bguarantee|\brest assured|\bharmless room|camera-free|free of cameras",
    "zh-Hans": r"安全|安心|放心|保证|无摄像头|没有(发现)?(隐藏的?)?(摄像头|相机|镜头)|不存在|干净|排除",
    "zh-Hant": r"安全|安心|放心|保證|無攝影機|沒有(發現)?(隱藏的?)?(攝影機|攝像頭|相機|鏡頭)|不存在|乾淨|排除",
    "ko": r"안전|안심|보장|카메라(가|는)? ?(하나도 )?(없습니다|없어요|없음)|깨끗|문제없|이상 ?없",
    "ja": r"安全|安心|保証|カメラは?(あり|見つかり)ません|カメラがありません|カメラなし|問題ありません|"
    r"異常なし|大丈夫|クリア",
}


def catalogue(language: str) -> dict[str, str]:
    pairs = json.loads((STATIC / "words" / f"{language}.json").read_text("utf-8"), object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), "a key twice"
    return dict(pairs)


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)\}", text))


def test_exactly_these_languages_are_offered() -> None:
    listed = re.search(r"LANGUAGES = \{(.*?)\}", (STATIC / "words.js").read_text("utf-8"), re.S)
    assert listed is not None
    offered = sorted(re.findall(r'^\s*"?([A-Za-z-]+)"?: "', listed[1], re.M))
    assert offered == sorted(LANGUAGES) == sorted(path.stem for path in (STATIC / "words").glob("*.json"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalogue_has_the_same_keys_and_places(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert other.keys() == english.keys()
    for key, text in other.items():
        assert places(text) == places(english[key]), key
        assert text.strip() == text != "", key
        assert "<" not in text, key
        assert re.sub(r"\{\w+\}", "", text).count("{") == 0, key


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    own = re.compile({"ko": "[가-힣]", "ja": "[ぁ-ヿ一-鿿]"}.get(language, "[一-鿿]"))
    assert [key for key, text in catalogue(language).items() if not own.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_promises_anything(language: str) -> None:
    promise = re.compile(PROMISES[language], re.I)
    assert {key: text for key, text in catalogue(language).items() if promise.search(text)} == {}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This room is safe."),
        ("en", "All clear"),
        ("en", "There are no cameras here."),
        ("zh-Hans", "这个房间是安全的"),
        ("zh-Hans", "没有摄像头"),
        ("zh-Hant", "沒有發現攝影機"),
        ("ko", "이 방은 안전합니다"),
        ("ko", "카메라가 없습니다"),
        ("ja", "この部屋は安全です"),
        ("ja", "カメラはありません"),
    ],
)
def test_a_promise_would_be_noticed(language: str, text: str) -> None:
    assert re.search(PROMISES[language], text, re.I)


@pytest.mark.parametrize("language", LANGUAGES)
def test_traditional_and_simplified_characters_are_not_mixed(language: str) -> None:
    text = "".join(catalogue(language).values())
    simplified, traditional = (
        set("这个们吗请还没为头发现录网页关开门楼电脑"),
        set("這個們嗎請還沒為頭發現錄網頁關開門樓電腦"),
    )
    if language == "zh-Hans":
        assert not (traditional - simplified) & set(text)
    if language == "zh-Hant":
        assert not (simplified - traditional) & set(text)


def test_the_page_says_what_the_report_says() -> None:
    english = catalogue("en")
    for verdict in Verdict:
        words = wording.verdict_words(verdict)
        for part in ("headline", "means", "means_not"):
            assert english[f"verdict.{verdict}.{part}"] == getattr(words, part)
    for level in Level:
        assert english[f"level.{level}.name"] == wording.level_words(level).name
        assert english[f"level.{level}.meaning"] == wording.level_words(level).meaning
    for state in (SourceState.PARTIAL, SourceState.NOT_EXAMINED):
        assert english[f"state.{state}"] == wording.state_name(state)


@pytest.mark.parametrize(("seen", "name"), [(True, "SEEN"), (False, "HEARD")])
def test_what_to_do_now_is_that_of_the_report_in_its_order(seen: bool, name: str) -> None:
    english, script = catalogue("en"), (STATIC / "result.js").read_text("utf-8")
    steps = re.search(r"const SEEN = \[(.*?)\]", script, re.S)
    assert steps is not None
    names = re.findall(r'"(\w+)"', steps[1])
    if name == "HEARD":
        names = ["find_first", *("call_police_if" if step == "call_police" else step for step in names)]
    told = [(english[f"do.{step}.what"], english[f"do.{step}.how"]) for step in names]
    assert told == [(step.what, step.how) for step in wording.do_now(seen=seen)]


def test_every_word_is_used_and_every_used_word_exists() -> None:
    english = catalogue("en")
    sources = {path.name: path.read_text("utf-8") for path in [*STATIC.glob("*.js"), STATIC / "index.html"]}
    text = "\n".join(sources.values())
    used = set(re.findall(r'data-(?:word|label)="([\w.]+)"', text)) | set(re.findall(r'(?:say|note)\("([\w.]+)"', text))
    assert used - english.keys() == set()
    # Names made of parts begin as one of these: `level.${...}` and so on.
    made = tuple(set(re.findall(r"`([a-z]+)\.\$\{", text)) | {"guide"})
    quoted = set(re.findall(r'"([a-z_]+\.[\w.]+)"', text))
    assert [
        key for key in english if key not in used | quoted and not key.startswith(tuple(f"{m}." for m in made))
    ] == []


def test_the_page_holds_no_words_no_inline_script_and_nothing_from_elsewhere() -> None:
    html = (STATIC / "index.html").read_text("utf-8")
    body = re.sub(r"<noscript>.*?</noscript>|<title>.*?</title>|<[^>]*>", " ", html, flags=re.S)
    body = body.replace("语言 · 語言 · 언어 · 言語", "").replace("roomsweep", "")
    assert body.split() == []
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", html)
    everything = html + "".join(path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix in (".js", ".css"))
    assert not re.search(r"""["'(]\s*(?:https?:)?//\w|\beval\(|innerHTML|@import""", everything)
