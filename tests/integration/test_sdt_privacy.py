"""Nothing of a card leaves the driver but masked fields, whatever goes wrong."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from support.idreading import Desk, desk

from devices.errors import DeviceError
from devices.sdt.frames import TEXT_SIZE, Answer, take_text
from devices.sdt.idcard import CardKind, IdCard, encode_card
from simulators.sdt.specimens import SPECIMENS

TROUBLES: list[tuple[str, dict[str, Any]]] = [
    ("spoil", {"how": "checksum", "command": "read"}),
    ("spoil", {"how": "truncate", "command": "read"}),
    ("spoil", {"how": "noise", "command": "read"}),
    ("fail", {"sw3": 0x41}),
    ("fail", {"sw3": 0x60, "command": "find"}),
    ("late", {"seconds": 0.3, "count": 4}),
]
SHORTEST = 6
"""Bytes of a disguise; what is shorter turns up by chance."""
FIELDS = (
    "name",
    "english_name",
    "number",
    "address",
    "issuer",
    "pass_number",
    "birth",
)


def _values(card: IdCard) -> Iterator[str]:
    for name in FIELDS:
        value = getattr(card, name)
        text = value.strftime("%Y%m%d") if name == "birth" else str(value)
        if len(text) > 1:
            yield text


def _disguises(text: str) -> Iterator[bytes]:
    """A value as it could turn up in any output."""
    for encoding in ("utf-8", "utf-16-le"):
        data = text.encode(encoding)
        yield data
        yield data.hex().encode()
        yield data.hex(" ").encode()
        yield data.hex(" ").upper().encode()
        yield data.hex().upper().encode()
        yield repr(data)[2:-1].encode()
        for before in range(3):  # base64 of a longer text that holds it
            coded = base64.b64encode(bytes(before) + data)
            yield coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
    yield json.dumps(text)[1:-1].encode()


SECRETS = {
    disguise
    for card in SPECIMENS.values()
    for value in _values(card)
    for disguise in _disguises(value)
    if len(disguise) >= SHORTEST
}


def _found_in(output: str) -> list[bytes]:
    data = output.encode(errors="surrogateescape")
    return [secret for secret in SECRETS if secret in data]


def _all_told(it: Desk, caplog: pytest.LogCaptureFixture, *replies: object) -> str:
    """Everything that the driver emitted, told or logged."""
    context = it.context
    parts = [
        *(f"{event!r} {json.dumps(event.data)}" for event in context.events),
        *(f"{emitted!r}" for emitted in context.emitted),
        *(repr(state) for state in context.states),
        json.dumps(context.info, ensure_ascii=False),
        *(json.dumps(value, ensure_ascii=False) for value in context.values),
        *(json.dumps(card, ensure_ascii=False) for card in context.cards),
        json.dumps(context.remembered, ensure_ascii=False),
        *(
            "".join(traceback.format_exception(error)) + repr(error.args)
            for error in it.driving.errors
        ),
        *(record.getMessage() for record in caplog.records),
        *(repr(record.args) for record in caplog.records),
        caplog.text,
        json.dumps(replies, ensure_ascii=False),
    ]
    return "\n".join(parts)


CASES = [
    *(pytest.param(kind, "", {}, id=kind.value) for kind in CardKind),
    *(
        pytest.param(CardKind.RESIDENT, trouble, arguments, id=f"{trouble}-{place}")
        for place, (trouble, arguments) in enumerate(TROUBLES)
    ),
]


@pytest.mark.parametrize(("kind", "trouble", "arguments"), CASES)
async def test_nothing_personal_gets_out(
    kind: CardKind,
    trouble: str,
    arguments: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk(debounce_s=0.05, find_timeout_s=0.2, read_timeout_s=0.25) as it:
        await it.card("absent")
        if trouble:
            await it.reader.act(trouble, arguments)
        await it.insert(kind)
        if arguments.get("sw3") == 0x41:
            await it.card("unreadable")
            await it.insert(kind)
        await it.reads(1)
        replies = []
        with suppress(DeviceError):  # some troubles are still about
            replies.append(await it.driving.execute("read"))
        output = _all_told(it, caplog, replies)
    assert it.context.cards[0]["number"] in output
    assert _found_in(output) == []


async def test_a_card_of_an_unknown_type_stays_private(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strange(card: IdCard) -> bytes:
        text = encode_card(card)
        return text[:248] + "Q".encode("utf-16-le") + text[250:]

    monkeypatch.setattr("simulators.sdt.simulator.encode_card", strange)
    caplog.set_level(logging.DEBUG)
    async with desk() as it:
        await it.insert()
        assert "unknown type" in await it.fault("bad_content")
        assert _found_in(_all_told(it, caplog)) == []
        assert it.context.events == []


async def test_the_search_finds_what_it_looks_for() -> None:
    card = SPECIMENS[CardKind.RESIDENT]
    text = encode_card(card)
    for leak in (
        repr(card.number),
        text.hex(),
        text.hex(" ").upper(),
        base64.b64encode(text).decode(),
        base64.b64encode(b"\0" + text).decode(),
        base64.b64encode(b"\0\0" + text).decode(),
        json.dumps({"name": card.name}),
        f"{card.address}",
        repr(text),
    ):
        assert _found_in(leak), leak


async def test_buffers_that_held_a_card_are_overwritten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[bytearray] = []

    def watched(found: Answer) -> bytearray:
        text = take_text(found)
        held.extend((found.data, text))
        assert any(text)
        return text

    monkeypatch.setattr("drivers.sdt.driver.take_text", watched)
    async with desk() as it:
        await it.insert()
        await it.reads(1)
    assert [len(buffer) for buffer in held] == [1284, TEXT_SIZE]
    assert not any(byte for buffer in held for byte in buffer)
