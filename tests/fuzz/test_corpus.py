"""Inputs that once broke a reader, or nearly did, and the fuzzer's own beginnings, read again by every test run.

A file is kept under ``corpus/READER`` by a name that tells what it was; all are made by the fuzzer from synthetic
beginnings, or by hand.
"""

import random
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import changes, owed, seeds, shapes

CORPUS = Path(__file__).with_name("corpus")

CASES = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file())

begin_of = cache(lambda reader: seeds.SEEDS[reader]())

#: Of the clock: an input that takes this long never ends.
HANGS_S = 60


@pytest.fixture
def comes_back() -> Iterator[None]:
    """Stop what does not come back."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"did not come back within {HANGS_S} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(HANGS_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_every_reader_is_complete() -> None:
    assert set(owed.READERS) == set(seeds.SEEDS) == set(changes.CHANGES)
    assert {case.split("/")[0] for case in CASES} <= set(owed.READERS)
    assert all(reader.about for reader in owed.READERS.values())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("comes_back")
def test_what_was_found_stays_mended(case: str) -> None:
    owed.check(owed.READERS[case.split("/")[0]].read, (CORPUS / case).read_bytes())


@pytest.mark.parametrize("reader", sorted(owed.READERS))
@pytest.mark.usefixtures("comes_back")
def test_the_beginnings_are_read(reader: str) -> None:
    """Each is small, and most give something: a fuzzer that begins from what is refused never gets far."""
    begin = begin_of(reader)
    assert begin
    assert all(0 < len(data) <= owed.BYTES_MAX for data in begin)
    found = [owed.check(owed.READERS[reader].read, data) for data in begin]
    if reader in ("wifi", "bluetooth", "scan", "readings"):
        told = [one for one in found if one is not None and one.findings]
        assert len(told) >= 0.8 * len(begin)
    if reader == "motion":
        assert any(one is not None and one.findings for one in found)


@pytest.mark.parametrize("reader", sorted(owed.READERS))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
@pytest.mark.usefixtures("comes_back")
def test_changed_beginnings_keep_every_promise(reader: str, seed: int) -> None:
    """What the fuzzer does, a few times and without its memory of what was reached."""
    chance = random.Random(seed)

    def bend(data: bytes, size: int) -> bytes:
        out = bytearray(data or b"\0")
        for _ in range(chance.randrange(1, 6)):
            out[chance.randrange(len(out))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        return bytes(out[:size])

    data = chance.choice(begin_of(reader))
    for _ in range(chance.randrange(1, 4)):
        data = changes.CHANGES[reader](data, 20_000, chance, bend)
    owed.check(owed.READERS[reader].read, data)


def _raises(error: Exception) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        raise error

    return read


def test_the_guard_bites() -> None:
    with pytest.raises(KeyError):
        owed.check(_raises(KeyError("x")), b"")
    for words in ("is safe", "holds no cameras", "ends\nhere", "has \x1b[2J"):
        with pytest.raises(owed.BrokenPromiseError):
            owed.check(_raises(owed.InputError("a", words)), b"")
    assert owed.check(_raises(owed.InputError("a", "holds no list; the program says: safe mode")), b"SAFE MODE") is None


@pytest.mark.parametrize("form", shapes.FORMS)
def test_what_is_written_is_read_again(form: str) -> None:
    """Changes go through these two: what they lose can never be tried."""
    kind = 187 if form == "btsnoop" else 127
    records = [
        shapes.Record(
            t_ns=1_700_000_000 * 10**9 + row * 1000, body=bytes([row] * (row + 1)), length=row + 5, linktype=kind
        )
        for row in range(3)
    ]
    assert shapes.records_of(shapes.written(records, form)) == records
