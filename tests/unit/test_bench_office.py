"""The bench's specimens: the same each time, and true to what they are to be."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

from benchmarks.clocks import hall_file
from benchmarks.hearing import Acks
from benchmarks.office import CLOCKS, SHIFT, Office, office_site
from benchmarks.stand import PEOPLE, clock_site

from bridge.domain.attendance.facts import Person, Posting
from bus.client import Message
from devices.site import Site
from simulators.registry import build_simulator

SMALL = Office(people=6, departments=3, months=2)


def test_an_office_has_its_people_departments_and_days() -> None:
    facts = SMALL.facts()
    people = [fact for fact in facts if isinstance(fact, Person)]
    postings = [fact for fact in facts if isinstance(fact, Posting)]
    assert facts[0] == SHIFT
    assert [person.id for person in people] == SMALL.ids
    assert len({person.department for person in people}) == 3
    assert [posting.person for posting in postings] == SMALL.ids
    assert len(SMALL.days) == 31 + 28
    assert SMALL.end.date() == SMALL.days[-1] == date(2025, 2, 28)


def test_everybody_punches_about_four_times_a_workday() -> None:
    rows = list(SMALL.punches())
    days = {row["time"].date() for row in rows}
    assert rows == list(SMALL.punches())
    assert len({(row["source"], row["event"]) for row in rows}) == len(rows)
    assert {row["device"] for row in rows} == set(CLOCKS)
    assert date(2025, 1, 1) not in days
    assert date(2025, 1, 26) in days, "a Sunday that is worked for the spring festival"
    counts = Counter((row["user_id"], row["time"].date()) for row in rows)
    assert max(counts.values()) == 4
    assert 3.7 < sum(counts.values()) / len(counts) <= 4


def test_the_office_has_the_clocks_that_it_punches_at() -> None:
    site = office_site(SMALL)
    assert tuple(device.id for device in site.devices) == CLOCKS
    assert site.attendance.since == SMALL.days[0]


def test_a_stand_has_clocks_with_people_and_a_past() -> None:
    site = clock_site(2, 50, "udp")
    views = [build_simulator(device, site).view() for device in site.devices]
    assert [len(view["users"]) for view in views] == [PEOPLE, PEOPLE]
    assert all((device.url or "").startswith("udp://") for device in site.devices)


def test_the_hall_file_of_the_clocks_is_one() -> None:
    urls = {"clock-0": "tcp://127.0.0.1:4370", "clock-1": "udp://127.0.0.1:4371"}
    site = Site.model_validate(hall_file(urls))
    assert {device.id: device.url for device in site.devices} == urls


async def test_acks_tell_when_each_event_was_committed() -> None:
    acks = Acks()
    for sequence in (2, 5, 4):
        acks.take(
            Message("ack", json.dumps({"sequence": sequence}).encode(), retain=False)
        )
    await acks.reach(5)
    assert acks.last == 5
    assert acks.at(1) == acks.at(2) < acks.at(3) == acks.at(5)
