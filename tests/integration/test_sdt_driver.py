"""The ID card driver against the simulated reader, on good lines and bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.idreading import desk, pty_url

from devices.errors import CommandRejectedError, DeviceError
from devices.kinds import DeviceState

KINDS = ["resident", "permit", "foreigner_2017", "foreigner_2023"]
QUICK: dict[str, Any] = {"debounce_s": 0.05, "relocate_required": False}
"""A reader that keeps finding cards; visits end at once when the card goes."""
RELOCATING: dict[str, Any] = {"debounce_s": 0.05, "relocate_required": True}
"""A reader that finds a card once."""


@pytest.fixture(params=["tcp", "pty"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "tcp://127.0.0.1:0" if request.param == "tcp" else pty_url(tmp_path)


async def test_cards_of_all_kinds_come_and_go(url: str) -> None:
    async with desk(url, **QUICK) as it:
        for kind in KINDS:
            await it.insert(kind)
            await it.card("present")
            await it.remove()
            await it.card("absent")
        assert [event.type for event in it.context.events] == [
            "card.in",
            "card.out",
        ] * len(KINDS)
        assert [line.split()[1] for line in it.told[::2]] == KINDS
        first, second = it.context.events[:2]
        assert first.data["reader"] == "id-1"
        assert first.data["subject_ref"] == second.data["subject_ref"]
        assert set(first.data) == {"reader", "subject_ref", "kind", "confidence"}
        subjects = {event.data["subject_ref"] for event in it.context.events}
        assert len(subjects) == len(KINDS)
        assert it.context.state is DeviceState.READY
        assert it.reader.view()["fingerprint_requests"] == 0


async def test_the_reader_is_described_by_its_masked_sam_id() -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        assert it.context.info == {
            "protocol": "SDT",
            "serial": "05.01-********-**********-******7890",
        }


async def test_masked_fields_go_to_those_who_listen_once_a_visit() -> None:
    async with desk() as it:
        await it.insert()
        (event,) = await it.context.wait_event()
        await it.card("present")
        assert it.context.cards == [
            {
                "reader": "id-1",
                "subject_ref": event.data["subject_ref"],
                "kind": "resident",
                "name": "证*",
                "number": "110105********002X",
                "doubts": [],
            }
        ]


async def test_the_strict_mask_shows_less() -> None:
    async with desk(mask="strict") as it:
        await it.insert("foreigner_2023")
        await it.context.wait(lambda: bool(it.context.cards))
        assert it.context.cards[0]["number"] == "9****************7"


async def test_a_card_that_stays_is_read_once() -> None:
    async with desk(**QUICK) as it:
        await it.insert()
        await it.card("present")
        for _ in range(20):
            await it.driving.execute("status")
        await it.remove()
        await it.card("absent")
        assert it.told == ["in resident certain", "out resident certain"]
        assert it.reader.view()["reads"] == 1


async def test_a_card_put_back_at_once_is_one_visit() -> None:
    async with desk(debounce_s=60) as it:
        await it.insert()
        await it.reads(1)
        await it.insert()
        await it.reads(2)
        await it.insert("permit")
        assert await it.told_in_all(3) == [
            "in resident certain",
            "out resident certain",
            "in permit certain",
        ]


async def test_a_reader_that_finds_once_presumes_the_going() -> None:
    async with desk(relocate_required=True, presume_out_s=1) as it:
        await it.insert()
        assert await it.told_in_all(2) == [
            "in resident certain",
            "out resident presumed",
        ]
        assert it.reader.view()["card"] == "resident"
        await it.insert()
        assert (await it.told_in_all(3))[2] == "in resident certain"
        assert it.reader.view()["reads"] == 2


async def test_a_card_found_anew_ends_the_visit_before() -> None:
    async with desk(presume_out_s=60, **RELOCATING) as it:
        await it.insert()
        await it.reads(1)
        await it.insert("permit")
        assert await it.told_in_all(3) == [
            "in resident certain",
            "out resident certain",
            "in permit certain",
        ]


async def test_a_card_whose_coming_was_not_journalled_comes_again() -> None:
    async with desk() as it:
        it.context.emit_error = DeviceError("the disk is full")
        await it.insert()
        assert await it.context.wait_state(DeviceState.OFFLINE) == "the disk is full"
        assert it.context.cards == []
        it.context.emit_error = None
        assert await it.told_in_all(1) == ["in resident certain"]


# Codes.


@pytest.mark.parametrize(
    ("sw3", "word"),
    [
        (0x31, "card_rejects_sam"),
        (0x32, "sam_rejects_card"),
        (0x33, "verification_failed"),
        (0x40, "unknown_card"),
        (0x41, "read_failed"),
        (0x47, "random_failed"),
        (0x91, "no_content"),
        (0xA4, "code_a4"),
    ],
)
async def test_a_card_that_fails_must_be_lifted(sw3: int, word: str) -> None:
    async with desk() as it:
        await it.fail(sw3, command="read")
        await it.insert()
        message = await it.fault(word)
        assert f"{sw3:02X}" in message
        await it.card("unreadable")
        assert it.context.events == []
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]
        value = await it.context.wait_value(lambda value: value["fault"] is None)
        assert value["faults"] == {word: 1}


async def test_a_refused_card_that_stays_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("drivers.sdt.faults.RETRY_REFUSED_S", 0.02)
    async with desk() as it:
        await it.fail(0x41, count=3)
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]
        assert it.reader.view()["reads"] == 1
        await it.card("present")


@pytest.mark.parametrize("sw3", [0x21, 0x23, 0x24])
async def test_a_reader_that_cannot_read_is_degraded_until_it_can(sw3: int) -> None:
    async with desk() as it:
        await it.fail(sw3, command="read")
        await it.insert()
        reason = await it.context.wait_state(DeviceState.DEGRADED)
        assert f"code 00 00 {sw3:02X}" in reason
        await it.insert()
        await it.told_in_all(1)
        await it.context.wait_state(DeviceState.READY)


@pytest.mark.parametrize("sw3", [0x60, 0x66])
@pytest.mark.parametrize("command", ["status", "find", "read"])
async def test_a_module_that_is_not_well_takes_the_reader_off(
    sw3: int, command: str
) -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        await it.fail(sw3, command=command)
        if command == "status":
            await it.reader.act("unplug")
            await it.reader.act("replug")
        else:
            await it.insert()
        await it.context.wait(
            lambda: any(f"00 00 {sw3:02X}" in reason for _, reason in it.context.states)
        )
        said = next(s for s in it.context.states if f"00 00 {sw3:02X}" in s[1])
        assert said[0] is DeviceState.OFFLINE
        assert "security module" in said[1]
        await it.context.wait_state(DeviceState.READY)


async def test_a_select_that_fails_is_tried_again() -> None:
    async with desk() as it:
        await it.fail(0x81, count=2)
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]
        assert await it.fault("select_failed", 2) is not None


async def test_a_select_that_keeps_failing_is_the_cards_fault() -> None:
    async with desk() as it:
        await it.fail(0x81, count=3)
        await it.insert()
        await it.card("unreadable")
        assert "put it back" in await it.fault("select_failed", 3)
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]


async def test_a_damaged_request_is_sent_again() -> None:
    async with desk() as it:
        await it.fail(0x10, command="read")
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]
        assert it.context.value is not None
        assert it.context.value["faults"] == {}


@pytest.mark.parametrize("sw3", [0x10, 0x24, 0x41, 0x05])
async def test_strange_answers_to_find_degrade_and_heal(sw3: int) -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        await it.card("absent")
        await it.driving.execute("status")
        await it.fail(sw3, count=40, command="find")
        reason = await it.context.wait_state(DeviceState.DEGRADED)
        assert "code" in reason
        await it.context.wait_state(DeviceState.READY)
        await it.insert()
        await it.told_in_all(1)


async def test_a_module_that_times_out_instead_of_saying_none_is_well() -> None:
    async with desk() as it:
        await it.fail(0x05, count=8, command="find")
        await it.insert()
        await it.told_in_all(1)
        assert {state for state, _ in it.context.states} == {
            DeviceState.INIT,
            DeviceState.READY,
        }


# Lines.


@pytest.mark.parametrize("how", ["checksum", "truncate", "preamble", "noise"])
async def test_damaged_answers_are_asked_for_again(url: str, how: str) -> None:
    async with desk(url, find_timeout_s=0.3, read_timeout_s=0.5) as it:
        await it.context.wait_state(DeviceState.READY)
        await it.reader.act("spoil", {"how": how})
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]


async def test_damaged_content_of_a_card_is_read_again() -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        await it.reader.act("spoil", {"how": "checksum", "command": "read"})
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]
        assert it.reader.view()["reads"] == 2
        assert it.context.value is not None
        assert it.context.value["faults"] == {"damaged_answer": 1}


async def test_one_byte_at_a_time(url: str) -> None:
    async with desk(url) as it:
        await it.reader.act("split")
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]


async def test_late_answers_are_passed_over() -> None:
    async with desk(find_timeout_s=0.2) as it:
        await it.context.wait_state(DeviceState.READY)
        await it.reader.act("late", {"seconds": 0.3})
        await it.fault("no_answer")
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]


async def test_a_silent_reader_is_offline_and_comes_back() -> None:
    async with desk(find_timeout_s=0.2) as it:
        await it.context.wait_state(DeviceState.READY)
        await it.reader.act("hang")
        reason = await it.context.wait_state(DeviceState.OFFLINE)
        assert "gave no answer" in reason
        await it.reader.act("heal")
        await it.context.wait_state(DeviceState.READY)
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]


@pytest.mark.parametrize("says", [None, 5])
async def test_a_locked_up_card_is_freed_by_a_reset(says: int | None) -> None:
    async with desk(find_timeout_s=0.2, read_timeout_s=0.3) as it:
        await it.insert()
        await it.reader.act("stick", {"says": says})
        assert await it.told_in_all(1) == ["in resident certain"]


async def test_a_card_locked_up_for_good_must_be_lifted() -> None:
    async with desk(find_timeout_s=0.2, read_timeout_s=0.3) as it:
        await it.reader.act("insert")
        await it.reader.act("stick", {"says": 5, "for_good": True})
        await it.fault("module_timeout", 3)
        await it.card("unreadable")
        assert it.reader.view()["resets"] >= 2
        await it.insert()
        assert await it.told_in_all(1) == ["in resident certain"]


async def test_unplugged_and_plugged_in_again(url: str) -> None:
    async with desk(url, **QUICK) as it:
        await it.insert()
        await it.card("present")
        await it.reader.act("unplug")
        await it.context.wait_state(DeviceState.OFFLINE)
        await it.reader.act("replug")
        await it.context.wait_state(DeviceState.READY)
        await it.reads(2)
        assert it.told == ["in resident certain"]
        await it.remove()
        assert await it.told_in_all(2) == [
            "in resident certain",
            "out resident certain",
        ]


# Commands.


async def test_the_card_on_the_reader_is_read_on_demand() -> None:
    async with desk() as it:
        await it.insert()
        (event,) = await it.context.wait_event()
        found = await it.driving.execute("read")
        assert found == {
            "reader": "id-1",
            "subject_ref": event.data["subject_ref"],
            "kind": "resident",
            "name": "证*",
            "number": "110105********002X",
            "doubts": [],
            "fresh": True,
        }
        assert len(it.context.events) == 1


async def test_a_card_that_is_not_found_again_is_told_from_its_visit() -> None:
    async with desk(relocate_required=True, presume_out_s=60) as it:
        await it.insert()
        await it.card("present")
        found = await it.driving.execute("read")
        assert (found["number"], found["fresh"]) == ("110105********002X", False)


async def test_no_card_to_read() -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        with pytest.raises(CommandRejectedError) as caught:
            await it.driving.execute("read")
        assert caught.value.code == "no_card"


async def test_a_read_that_fails_says_why() -> None:
    async with desk(debounce_s=60) as it:
        await it.insert()
        await it.card("present")
        await it.fail(0x41)
        with pytest.raises(CommandRejectedError, match="00 00 41") as caught:
            await it.driving.execute("read")
        assert caught.value.code == "read_failed"


async def test_the_status_of_a_reader() -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        status = await it.driving.execute("status")
        assert status["sam"] == "ok"
        assert status["card"] == "absent"
        await it.fail(0x60, command="status")
        assert (await it.driving.execute("status"))["sam"] == "self_test_failed"


async def test_commands_need_a_reader() -> None:
    async with desk() as it:
        await it.context.wait_state(DeviceState.READY)
        await it.reader.act("unplug")
        await it.context.wait_state(DeviceState.OFFLINE)
        with pytest.raises(DeviceError):
            await it.driving.execute("read")
