"""Names come from strangers: no text may stop a match, or make it slow."""

import signal
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.signatures import match
from roomsweep.detect.signatures.services import TEXT_LIMIT
from roomsweep.detect.signatures.tables import load_table

ANY_TEXT = st.text(st.characters(), max_size=300)  # also lone surrogates and controls

FIELDS = sorted({row["field"] for row in load_table("banners").rows})
SERVICES = sorted({row["service"] for row in load_table("mdns").rows})

#: Texts that make careless patterns go back and forth: long runs of what patterns accept, up to the end.
LONG = [
    *(
        char * size
        for char in "A0-_, \n\x00\ud800\U0001f3a5"
        for size in (31, 32, 247, TEXT_LIMIT - 1, TEXT_LIMIT, 10_000)
    ),
    "CN=" * 3_000,
    ",CN=TCA" * 290,
    "IP Camer" * 250,
    "-camera" * 290,
    "HiIpcam/V" + "x" * 2_000,
    "ABC-123456-" * 900,
    "\x1b[31mBHCC-000001-NRLXW",
]

QUESTIONS: dict[str, Callable[[str], object]] = {
    "ssid": match.match_ssid,
    "ble_name": match.match_ble_name,
    "ble_uuid": match.match_ble_uuid,
    "banner": lambda text: [match.match_banner(field, text) for field in FIELDS],
    "field": lambda text: match.match_banner(text, text),
    "service": lambda text: match.match_mdns(text),
    "instance": lambda text: [match.match_mdns(service, instance=text, txt={text: text}) for service in SERVICES],
    "txt": lambda text: [
        match.match_mdns(service, txt=dict.fromkeys(("ci", "md", "dt", "macaddress"), text)) for service in SERVICES
    ],
    "dhcp": lambda text: match.match_dhcp_hostname(text, mac=0),
    "port": lambda text: match.port_meaning(text, 554),
    "host": match.access_point_host,
}


@pytest.fixture
def two_seconds() -> Iterator[None]:
    """Stop a match that has not come back; all of them together take some milliseconds."""

    def late(*_: object) -> None:
        raise TimeoutError("a match did not come back within two seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(2)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs SIGALRM, which this system does not have")
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.usefixtures("two_seconds")
def test_long_texts_come_back_at_once(question: str) -> None:
    for text in LONG:
        answer = QUESTIONS[question](text)
        found = [item for item in (answer if isinstance(answer, list) else [answer]) if item is not None]
        assert len(text) <= TEXT_LIMIT or all(item.pattern == "_arec._tcp" for item in found), "the service says it all"


@given(text=ANY_TEXT)
def test_any_text_has_an_answer(text: str) -> None:
    for ask in QUESTIONS.values():
        answer = ask(text)
        for item in answer if isinstance(answer, list) else [answer]:
            assert item is None or isinstance(item, match.Signature)


@given(
    name=st.sampled_from([row["example"] for row in load_table("ssids").rows]),
    char=st.characters(categories=["Cc", "Cs", "Cf"]),
)
def test_a_control_character_is_part_of_the_name(name: str, char: str) -> None:
    """A name with something invisible in it is another name: no identity of grade A or B comes from it."""
    for changed in (char + name, name + char, name[:2] + char + name[2:]):
        found = match.match_ssid(changed)
        assert found is None or found.grade == "C"
