"""Every shipped table is what its card says, and every row of it explains and proves itself."""

import datetime as dt
import re

import pytest

from roomsweep.detect.errors import DataError
from roomsweep.detect.result import Grade
from roomsweep.detect.signatures import match
from roomsweep.detect.signatures.oui import parse_prefix
from roomsweep.detect.signatures.signature import FLAGS
from roomsweep.detect.signatures.tables import load_card, load_table, parse_table, table_names

TABLES = table_names()

#: Words that stand where a source should be.
NO_SOURCE = re.compile(r"not kept|not noted|from memory|re-found|unknown|todo|tbd", re.IGNORECASE)

PATTERN_TABLES = ("banners", "ble_names", "dhcp_hostnames", "lan_devices", "mdns", "ssids")


def rows_with(column: str) -> list[tuple[str, dict[str, str]]]:
    return [(name, dict(row)) for name in TABLES for row in load_table(name).rows if column in row]


@pytest.mark.parametrize("name", TABLES)
def test_the_card_is_complete(name: str) -> None:
    card = load_card(name)
    assert all(text.strip() for text in (card.title, card.source, card.licence, *card.columns.values()))
    assert isinstance(card.dated, dt.date)
    assert set(card.sort_by) <= set(card.columns)
    assert "source" in card.columns
    assert load_table(name).rows, "an empty table says nothing"


def test_the_tables_of_signatures_are_all_here() -> None:
    expected = {
        *PATTERN_TABLES,
        *("ap_mode_hosts", "ble_companies", "ble_uuids", "oui", "oui_registrants", "p2p_prefixes"),
        *("ports", "refused", "udp_discovery", "weights", "wifi_fingerprints"),
    }
    assert expected <= set(TABLES)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "refused"])
def test_every_row_names_a_source_that_can_be_looked_up(name: str) -> None:
    vague = [row for row in load_table(name).rows if NO_SOURCE.search(row["source"])]
    assert not vague
    assert not [row for row in load_table(name).rows if "/work/" in str(row) or "http://" in str(row)]


def test_every_grade_is_known() -> None:
    rows = rows_with("grade")
    assert len(rows) > 300
    assert {row["grade"] for _, row in rows} <= {grade.value for grade in Grade}


def test_every_kind_is_one_that_the_card_lists() -> None:
    tables = ("ssids", "ble_companies", "ble_uuids", "ble_names", "banners", "mdns", "ports", "dhcp_hostnames")
    for name in (*tables, "lan_devices", "wifi_fingerprints"):
        words = set(re.findall(r"\w+", load_card(name).columns["kind"]))
        assert {row["kind"] for row in load_table(name).rows} <= words, name


@pytest.mark.parametrize("name", PATTERN_TABLES)
def test_every_pattern_takes_its_example_and_nothing_at_all_does_not_match(name: str) -> None:
    for row in load_table(name).rows:
        pattern = re.compile(row["pattern"], FLAGS)
        assert pattern.fullmatch(row["example"]), row
        assert "…" not in row["example"], row
        assert row["pattern"] == "" or not pattern.fullmatch(""), row
        assert row["pattern"] == "" or not pattern.fullmatch("\n"), row


def refused(table: str) -> list[tuple[str, str]]:
    rows = [row for row in load_table("refused").rows if row["table"] == table]
    assert rows, table
    assert all(row["why"].strip() for row in rows)
    return [(row["pattern"], row["example"]) for row in rows]


def test_refused_patterns_are_absent_and_their_examples_match_nothing() -> None:
    for table, find in (("ssids", match.match_ssid), ("ble_names", match.match_ble_name)):
        shipped = {row["pattern"] for row in load_table(table).rows}
        for pattern, example in refused(table):
            assert pattern not in shipped
            assert find(example) is None, example
            assert not pattern or re.fullmatch(pattern, example, FLAGS), (pattern, example)


def test_refused_numbers_match_nothing() -> None:
    assert {"0x00A3", "0x00E0", "0x03D5", "0x0820"} <= {pattern for pattern, _ in refused("ble_companies")}
    for pattern, _ in refused("ble_companies"):
        assert match.match_ble_company(int(pattern, 16)) is None
    for pattern, _ in refused("ble_uuids"):
        assert match.match_ble_uuid(int(pattern, 16)) is None


def test_refused_firms_are_not_among_the_registrants_and_their_blocks_match_nothing() -> None:
    names = {row["registry_name"].casefold() for row in load_table("oui_registrants").rows}
    for firm, block in refused("oui"):
        if firm != "Raspberry Pi (Trading) Ltd":  # the firm is listed; one number of it is not an address block
            assert not [name for name in names if name.startswith(firm.casefold())]
        if block:
            assert match.vendor_of(int(block.replace(":", ""), 16) << 24) is None


def test_refused_services_ports_and_hosts_match_nothing() -> None:
    for _, example in refused("banners"):
        field, _, value = example.partition(": ")
        assert match.match_banner(field, value) is None
    for service, _ in refused("mdns"):
        assert match.match_mdns(service.split()[0], txt={"DT": "320"}) is None
    for port, _ in refused("ports"):
        proto, _, number = port.partition("/")
        assert match.port_meaning(proto, int(number)) is None
    for ip, _ in refused("ap_mode_hosts"):
        assert match.access_point_host(ip) is None
    for _, prefix in refused("dhcp_hostnames"):
        assert match.match_dhcp_hostname("a-host", mac=int(prefix, 16) << 24) is None


def test_refused_prefixes_are_absent() -> None:
    assert not {pattern for pattern, _ in refused("p2p_prefixes")} & {
        row["prefix"] for row in load_table("p2p_prefixes").rows
    }


def test_every_refused_row_is_tested_here() -> None:
    tested = {"ssids", "ble_names", "ble_companies", "ble_uuids", "oui", "banners", "mdns", "ports"}
    tested |= {"ap_mode_hosts", "dhcp_hostnames", "p2p_prefixes"}
    assert {row["table"] for row in load_table("refused").rows} <= tested


def test_address_blocks_are_well_formed_and_of_listed_registrants() -> None:
    registrants = {row["registry_name"] for row in load_table("oui_registrants").rows}
    rows = load_table("oui").rows
    assert {row["registry_name"] for row in rows} == registrants
    size = {"IEEE MA-L": 24, "IEEE MA-M": 28, "IEEE MA-S": 36}
    for row in rows:
        assert parse_prefix(row["prefix"])[0] == size[row["source"]], row
    assert len({parse_prefix(row["prefix"]) for row in rows}) == len(rows)


def test_only_a_table_older_than_its_card_allows_is_warned_of() -> None:
    card = load_card("oui")
    assert card.max_age_days == 365
    assert match.table_age_warnings(card.dated) == ()
    assert not [text for text in match.table_age_warnings(card.dated + dt.timedelta(days=365)) if "'oui'" in text]
    (warning,) = [text for text in match.table_age_warnings(card.dated + dt.timedelta(days=366)) if "'oui'" in text]
    assert card.dated.isoformat() in warning


CARD = """
title = "t"
sort_by = ["a"]
source = "s"
licence = "MIT"
dated = 2026-01-01
[columns]
a = "key"
source = "where from"
"""


def test_a_good_table_is_read() -> None:
    table = parse_table("t", CARD, 'a,source\n1,x\n\n2,"y, z"\n')
    assert [dict(row) for row in table.rows] == [{"a": "1", "source": "x"}, {"a": "2", "source": "y, z"}]


@pytest.mark.parametrize(
    ("card", "rows", "says"),
    [
        (CARD, "a,b\n1,x\n", "columns"),
        (CARD, "", "columns"),
        (CARD, "a,source\n2,x\n1,x\n", "out of order"),
        (CARD, "a,source\n1,x\n1,y\n", "line 3"),
        (CARD, "a,source\n1, \n", "no source"),
        (CARD, "a,source\n1,x,y\n", "wrong number of cells"),
        (CARD, "a,source\n1\n", "wrong number of cells"),
        (CARD.replace('licence = "MIT"', ""), "a,source\n1,x\n", "licence"),
        ("title = ", "a,source\n1,x\n", "card"),
    ],
)
def test_a_table_that_differs_from_its_card_is_refused(card: str, rows: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        parse_table("t", card, rows)


def test_a_missing_table_says_what_to_do() -> None:
    with pytest.raises(DataError, match="install roomsweep again"):
        load_table("no_such_table")
    with pytest.raises(DataError, match="install roomsweep again"):
        load_card("no_such_table")
