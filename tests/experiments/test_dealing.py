"""Which arm a ticket falls to: for ever the same, in every process and in SQL."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from schemas.experiments import DRAW_SQL, Changes, draw, running
from sinks.clickhouse.client import connect
from tests.contract.sink_worlds import embedded_url
from tests.experiments.made import START, experiment

UNITS = ("ticket/t-1", "ticket/", "ticket/ünï/\u2028 'x\\", "customer/ann@example.com", "ticket/" + "9" * 256)


def test_a_unit_falls_where_it_always_did() -> None:
    # From another implementation: printf 'sooner//acme/ticket/t-1' | sha256sum | head -c 8
    assert draw("sooner", "", "acme", "ticket/t-1") == int("f5df61ee", 16) / 2**32


def test_clickhouse_deals_the_same(tmp_path: Path) -> None:
    units = [*UNITS, *(f"ticket/t-{number}" for number in range(2_000))]
    client = connect(embedded_url(tmp_path))
    try:
        bound = {"name": "sooner", "seed": "s", "tenant": "acme", "units": units}
        sql = f"SELECT {DRAW_SQL} AS place FROM (SELECT arrayJoin({{units:Array(String)}}) AS unit)"  # noqa: S608
        places = [row[0] for row in client.query(sql, parameters=bound).result_rows]
    finally:
        client.close()
    assert places == [draw("sooner", "s", "acme", unit) for unit in units]


def test_arms_get_their_shares() -> None:
    thirds = experiment(
        arms=[
            {"name": name, "policy": "support", "share": share} for name, share in (("a", 0.5), ("b", 0.3), ("c", 0.2))
        ]
    )
    dealt = [thirds.arm_of(f"ticket/t-{number}").name for number in range(20_000)]
    for arm in thirds.arms:
        assert dealt.count(arm.name) / len(dealt) == pytest.approx(arm.share, abs=0.012)


def test_another_seed_or_name_deals_anew() -> None:
    one, other = experiment(seed="1"), experiment(seed="2")
    same = sum(one.arm_of(f"ticket/{n}") == other.arm_of(f"ticket/{n}") for n in range(4_000))
    assert same / 4_000 == pytest.approx(0.5, abs=0.04)


def test_customers_keep_their_arm_over_tickets() -> None:
    by_customer = experiment(by="customer")
    assert {by_customer.unit(f"t{number}", "ann") for number in range(3)} == {"customer/ann"}
    assert by_customer.unit("t1", None) == "ticket/t1"
    assert experiment().unit("t1", "ann") == "ticket/t1"


def test_what_was_stopped_takes_no_tickets_until_it_goes_on() -> None:
    def change(what: str, hours: int, arm: str = "") -> dict[str, object]:
        return {"experiment": "sooner", "arm": arm, "what": what, "at": START + timedelta(hours=hours)}

    told = [change("stop", 10), change("stop", 12, "early"), change("stop", 14), change("resume", 20)]
    stands = running(experiment(), Changes.model_validate({"change": told}))

    def taking(arm: str) -> list[int]:
        return [hour for hour in (-1, 0, 9, 10, 13, 19, 20, 24 * 14 - 1, 24 * 14) if stands.takes(arm, at(hour))]

    def at(hour: int) -> datetime:
        return START + timedelta(hours=hour)

    assert taking("now") == [0, 9, 20, 24 * 14 - 1]
    assert taking("early") == [0, 9]
