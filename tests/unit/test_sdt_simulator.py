"""The simulated ID card reader, request by request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.sdt.frames import (
    Answer,
    AnswerFramer,
    Command,
    Request,
    SamId,
    request,
    take_text,
)
from devices.sdt.idcard import CardKind, decode_card
from devices.site import DeviceEntry, HallInfo, Site
from simulators.registry import build_simulator
from simulators.sdt.simulator import SAM_ID, SdtReader
from simulators.sdt.specimens import SPECIMENS
from simulators.simulator import Output

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
FOUND, NONE, OK, UNSELECTED = "00009f", "000080", "000090", "000081"


class Bench:
    """A reader with one line, asked directly."""

    def __init__(self, **parameters: Any) -> None:
        entry = DeviceEntry.model_validate(
            {"id": "id-1", "driver": "sdt", "url": "tcp://127.0.0.1:0", **parameters}
        )
        built = build_simulator(entry, Site(hall=HallInfo(id="test"), devices=[entry]))
        assert isinstance(built, SdtReader)
        self.reader = built
        self.reader.connected(1, NOW)

    def act(self, action: str, **arguments: Any) -> None:
        model = self.reader.actions[action]
        self.reader.act(action, model.model_validate(arguments), NOW)

    def send(self, data: bytes) -> list[Output]:
        return list(self.reader.received(1, data, NOW))

    def ask(self, command: Command) -> Answer | None:
        found = [
            answer
            for output in self.send(request(command).encode())
            for answer in AnswerFramer().feed(output.data)
        ]
        return found[0] if found else None

    def code(self, command: Command) -> str:
        answer = self.ask(command)
        return answer.sw.hex() if answer else "silence"

    def codes(self, *commands: Command) -> list[str]:
        return [self.code(command) for command in commands]

    def view(self) -> Mapping[str, Any]:
        return self.reader.view()


READ = (Command.FIND, Command.SELECT, Command.READ_TEXT)


@pytest.mark.parametrize("kind", list(CardKind))
def test_a_card_is_found_selected_and_read(kind: CardKind) -> None:
    bench = Bench()
    bench.act("insert", kind=kind)
    assert bench.codes(Command.FIND, Command.SELECT) == [FOUND, OK]
    (sent,) = bench.send(request(Command.READ_TEXT).encode())
    assert len(sent.data) == 1295
    (found,) = AnswerFramer().feed(sent.data)
    assert decode_card(take_text(found)) == SPECIMENS[kind]
    assert bench.view()["card"] == kind
    assert bench.view()["reads"] == 1


def test_a_card_is_a_residents_by_default() -> None:
    bench = Bench()
    bench.act("insert")
    assert bench.view()["card"] == "resident"


def test_an_empty_reader_finds_nothing() -> None:
    bench = Bench()
    assert bench.codes(*READ) == [NONE, UNSELECTED, "000041"]
    bench.act("remove")
    assert bench.view()["card"] is None


def test_steps_must_come_in_order() -> None:
    bench = Bench()
    bench.act("insert")
    assert bench.codes(Command.SELECT, Command.FIND, Command.READ_TEXT) == [
        UNSELECTED,
        FOUND,
        "000041",
    ]


def test_a_card_that_was_read_is_found_again() -> None:
    bench = Bench()
    bench.act("insert")
    assert bench.codes(*READ, *READ) == [FOUND, OK, OK] * 2


def test_a_reader_that_wants_cards_relocated_finds_one_only_once() -> None:
    bench = Bench(relocate_required=True)
    bench.act("insert")
    assert bench.codes(*READ, Command.FIND) == [FOUND, OK, OK, NONE]
    bench.act("remove")
    bench.act("insert")
    assert bench.codes(Command.FIND, Command.FIND) == [NONE, FOUND]


def test_a_hand_is_slower_than_a_poll() -> None:
    bench = Bench()
    bench.act("insert")
    bench.act("insert", kind="permit")
    assert bench.codes(Command.FIND, Command.FIND) == [NONE, FOUND]


def test_status_id_and_settings() -> None:
    bench = Bench()
    assert bench.code(Command.SAM_STATUS) == OK
    answer = bench.ask(Command.SAM_ID)
    assert answer is not None
    assert SamId.decode(answer.data) == SAM_ID
    assert bench.codes(Command.SET_RF, Command.SET_BAUD_9600) == [OK, OK]
    assert bench.code(Command.READ_ADDRESS) == "000091"


def test_fingerprints_are_refused_and_noticed() -> None:
    bench = Bench()
    assert bench.code(Command.READ_FINGERPRINT) == "000023"
    assert bench.view()["fingerprint_requests"] == 1


def test_an_unknown_command_is_refused() -> None:
    (sent,) = Bench().send(Request(b"\x77\x01").encode())
    assert AnswerFramer().feed(sent.data)[0].sw.hex() == "000021"


def test_a_bad_checksum_is_answered() -> None:
    spoiled = bytearray(request(Command.FIND).encode())
    spoiled[-1] ^= 1
    (sent,) = Bench().send(bytes(spoiled))
    assert sent.data == bytes.fromhex("AAAAAA9669000400001014")


def test_requests_may_come_glued_and_in_pieces() -> None:
    bench = Bench()
    wire = request(Command.SAM_STATUS).encode() + request(Command.FIND).encode()
    assert len(bench.send(wire)) == 2
    pieces = [bench.send(bytes((byte,))) for byte in wire]
    assert [len(piece) for piece in pieces if piece] == [1, 1]


@pytest.mark.parametrize(
    ("sw3", "command"),
    [
        (0x60, Command.SAM_STATUS),
        (0x80, Command.FIND),
        (0x81, Command.SELECT),
        (0x41, Command.READ_TEXT),
    ],
)
def test_a_code_waits_for_the_step_that_gives_it(sw3: int, command: Command) -> None:
    bench = Bench()
    bench.act("insert")
    bench.act("fail", sw3=sw3, count=2)
    steps = (Command.SAM_STATUS,) if command is Command.SAM_STATUS else READ
    rounds = [bench.codes(*steps)[steps.index(command)] for _ in range(3)]
    assert rounds[:2] == [f"0000{sw3:02x}"] * 2
    assert rounds[2] in {OK, FOUND}


def test_three_fives_instead_of_any_answer() -> None:
    bench = Bench()
    bench.act("fail", sw3=5, command="find")
    assert bench.codes(Command.SAM_STATUS, Command.FIND) == [OK, "050505"]


def test_a_stuck_card_says_nothing_until_the_module_is_reset() -> None:
    bench = Bench()
    bench.act("insert")
    bench.act("stick")
    assert bench.codes(Command.FIND, Command.SELECT) == [FOUND, "silence"]
    assert bench.codes(Command.RESET_SAM, *READ) == [OK, FOUND, OK, OK]
    assert bench.view()["resets"] == 1


def test_a_card_stuck_for_good_must_be_lifted() -> None:
    bench = Bench()
    bench.act("insert")
    bench.act("stick", for_good=True, says=5)
    assert bench.codes(Command.RESET_SAM, Command.FIND, Command.SELECT) == [
        OK,
        FOUND,
        "050505",
    ]
    bench.act("insert")
    assert bench.codes(Command.FIND, *READ) == [NONE, FOUND, OK, OK]


def test_late_answers_and_damaged_ones() -> None:
    bench = Bench()
    bench.act("late", seconds=2.5)
    ask = request(Command.FIND).encode()
    assert [bench.send(ask)[0].after_s for _ in range(2)] == [2.5, 0.0]
    good = bench.send(ask)[0].data
    for how in ("checksum", "truncate", "preamble"):
        bench.act("spoil", how=how)
        assert AnswerFramer().feed(bench.send(ask)[0].data) == []
    bench.act("spoil", how="noise")
    noisy = bench.send(ask)[0].data
    assert noisy != good
    assert len(AnswerFramer().feed(noisy)) == 1
    assert bench.send(ask)[0].data == good


def test_a_powercycle_forgets_everything_but_the_card() -> None:
    bench = Bench(relocate_required=True)
    bench.act("insert")
    bench.codes(*READ)
    bench.reader.powercycle(NOW)
    assert bench.codes(*READ) == [FOUND, OK, OK]


def test_nothing_of_the_card_is_in_the_view() -> None:
    bench = Bench()
    bench.act("insert")
    bench.codes(*READ)
    assert bench.view() == {
        "card": "resident",
        "reads": 1,
        "resets": 0,
        "fingerprint_requests": 0,
        "last_command": "read_text",
    }
