"""A simulated resident ID card reader (SDT protocol) with specimen cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from devices.sdt.codes import MODULE_TIMEOUT, Sw3
from devices.sdt.frames import (
    PHOTO_SIZE,
    SERIAL_SIZE,
    Answer,
    Command,
    Request,
    RequestFramer,
    SamId,
    answer,
    find_answer,
    text_answer,
)
from devices.sdt.idcard import CardKind, encode_card
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.hosting.faults import Nothing
from simulators.sdt.actions import Fail, Insert, Late, Spoil, Spoiling, Stick
from simulators.sdt.specimens import SPECIMENS
from simulators.simulator import Output, SimulatorParameters

SAM_ID: Final = SamId(maker=5, model=1, date=20150101, number=12345, check=67890)


class ReaderParameters(SimulatorParameters):
    """`relocate_required`: a card that was read is not found again until lifted."""

    relocate_required: bool = False


@dataclass(slots=True)
class _Failure:
    """A code to answer with, at these steps, so many times more."""

    sw3: int
    steps: frozenset[str]
    left: int


@dataclass(slots=True)
class _Damage:
    """A damage to answers, at these steps, so many times more."""

    how: Spoiling
    steps: frozenset[str]
    left: int


_STEPS: Final = {
    Command.FIND: "find",
    Command.SELECT: "select",
    Command.READ_TEXT: "read",
    Command.SAM_STATUS: "status",
}
_ANY: Final = frozenset({*_STEPS.values(), "other"})
_UNHEARD: Final = {Sw3.CHECKSUM, Sw3.LENGTH}
_AT_READ: Final = {
    Sw3.CARD_REJECTS_SAM,
    Sw3.SAM_REJECTS_CARD,
    Sw3.VERIFICATION_FAILED,
    Sw3.UNKNOWN_CARD,
    Sw3.READ_FAILED,
    Sw3.RANDOM_FAILED,
    Sw3.NO_CONTENT,
}


class SdtReader(FramedSimulator[ReaderParameters, RequestFramer]):
    """Finds, selects and reads the card that lies on it."""

    parameters_model = ReaderParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {
        "insert": Insert,
        "remove": Nothing,
        "fail": Fail,
        "stick": Stick,
        "late": Late,
        "spoil": Spoil,
    }

    def __init__(
        self, device: DeviceEntry, parameters: ReaderParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._card: CardKind | None = None
        self._reads = 0
        self._resets = 0
        self._fingerprint_requests = 0
        self._last_command = ""
        self._failures: list[_Failure] = []
        self._damages: list[_Damage] = []
        self._late: list[float] = []
        self._stick: Stick | None = None
        self._lifted = False
        """A card was taken off since the last find; that find sees the gap."""
        self._forget()

    def new_framer(self) -> RequestFramer:
        """See `FramedSimulator.new_framer`."""
        return RequestFramer()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Answer each request; one with a bad checksum gets `00 00 10`."""
        del now
        framer = self.framer(session)
        damaged = framer.bad_checksums
        requests = framer.feed(data)
        outputs = [
            self._sent(answer(Sw3.CHECKSUM), "other", session)
            for _ in range(framer.bad_checksums - damaged)
        ]
        for request in requests:
            found = self._answer(request)
            if found is not None:
                outputs.append(self._sent(found, _step(request), session))
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Do what a person, or a fault, does to the reader."""
        del action, now
        match arguments:
            case Insert(kind=kind):
                self._lift()
                self._card = kind
            case Fail(sw3=sw3, count=count, command=command):
                self._failures.append(_Failure(sw3, _fitting(sw3, command), count))
            case Stick():
                self._stick = arguments
            case Late(seconds=seconds, count=count):
                self._late += [seconds] * count
            case Spoil(how=how, command=command, count=count):
                steps = _fitting(0, command)
                self._damages.append(_Damage(how, steps, count))
            case _:
                self._lift()
        return ()

    def powercycle(self, now: datetime) -> None:
        """Lose everything but the card that lies there."""
        super().powercycle(now)
        self._forget()

    def view(self) -> Mapping[str, Any]:
        """The card by its kind, and what was asked."""
        return {
            "card": self._card.value if self._card else None,
            "reads": self._reads,
            "resets": self._resets,
            "fingerprint_requests": self._fingerprint_requests,
            "last_command": self._last_command,
        }

    def _forget(self) -> None:
        self._found = self._selected = self._must_lift = False
        if self._stick is not None and not self._stick.for_good:
            self._stick = None

    def _lift(self) -> None:
        self._lifted = self._lifted or self._card is not None
        self._card = self._stick = None
        self._forget()

    def _answer(self, request: Request) -> Answer | None:
        command = request.command
        self._last_command = str(request).lower()
        if command is Command.RESET_SAM:
            self._resets += 1
            self._forget()
        step = _step(request)
        failure = next((f for f in self._failures if step in f.steps), None)
        if failure is not None:
            return self._fail(failure, step)
        return self._ANSWERS[command](self) if command else answer(Sw3.BAD_COMMAND)

    def _fail(self, failure: _Failure, step: str) -> Answer:
        failure.left -= 1
        if not failure.left:
            self._failures.remove(failure)
        if step in {"select", "read"} and failure.sw3 not in _UNHEARD:
            self._lose()
        if failure.sw3 == Sw3.MODULE_TIMEOUT:
            return Answer(MODULE_TIMEOUT)
        return answer(failure.sw3)

    def _find(self) -> Answer:
        gap, self._lifted = self._lifted, False
        self._selected = False
        self._found = self._card is not None and not self._must_lift and not gap
        return find_answer() if self._found else answer(Sw3.FIND_FAILED)

    def _select(self) -> Answer | None:
        if self._stick is not None and self._found:
            return Answer(MODULE_TIMEOUT) if self._stick.says else None
        self._selected = self._found
        if not self._selected:
            return answer(Sw3.SELECT_FAILED)
        return answer(Sw3.OK, bytes(SERIAL_SIZE))

    def _read(self) -> Answer | None:
        if self._stick is not None and self._selected:
            return Answer(MODULE_TIMEOUT) if self._stick.says else None
        if not self._selected or self._card is None:
            return answer(Sw3.READ_FAILED)
        self._reads += 1
        self._lose()
        photo = bytes(index * 7 % 256 for index in range(PHOTO_SIZE))
        return text_answer(encode_card(SPECIMENS[self._card]), photo)

    def _read_fingerprint(self) -> Answer:
        self._fingerprint_requests += 1
        return answer(Sw3.UNAUTHORISED_OPERATION)

    def _lose(self) -> None:
        """After a read, good or bad, the card must be found anew."""
        self._found = self._selected = False
        self._must_lift = self.parameters.relocate_required

    def _sent(self, found: Answer, step: str, session: int) -> Output:
        data = found.encode()
        damage = next((d for d in self._damages if step in d.steps), None)
        if damage is not None:
            damage.left -= 1
            if not damage.left:
                self._damages.remove(damage)
            data = _damaged(data, damage.how)
        late_s = self._late.pop(0) if self._late else 0.0
        return Output(data, session, late_s)

    def _ok(self) -> Answer:
        return answer(Sw3.OK)

    _ANSWERS: ClassVar[Mapping[Command, Callable[[SdtReader], Answer | None]]] = {
        **dict.fromkeys(Command, _ok),
        Command.SAM_ID: lambda _: answer(Sw3.OK, SAM_ID.encode()),
        Command.FIND: _find,
        Command.SELECT: _select,
        Command.READ_TEXT: _read,
        Command.READ_ADDRESS: lambda _: answer(Sw3.NO_CONTENT),
        Command.READ_FINGERPRINT: _read_fingerprint,
    }


def _step(request: Request) -> str:
    """What a request is for."""
    command = request.command
    return _STEPS.get(command, "other") if command else "other"


def _fitting(sw3: int, command: str | None) -> frozenset[str]:
    """The steps that a failure waits for."""
    if command is not None:
        return _ANY if command == "any" else frozenset({command})
    if sw3 in _AT_READ:
        return frozenset({"read"})
    if sw3 == Sw3.SELECT_FAILED:
        return frozenset({"select"})
    if sw3 == Sw3.FIND_FAILED:
        return frozenset({"find"})
    return _ANY


def _damaged(data: bytes, how: Spoiling) -> bytes:
    match how:
        case Spoiling.CHECKSUM:
            return data[:-1] + bytes((data[-1] ^ 0xFF,))
        case Spoiling.TRUNCATE:
            return data[: len(data) // 2]
        case Spoiling.PREAMBLE:
            return bytes((0xAA, 0xAA, 0xAA, 0x96, 0x96)) + data[5:]
        case _:
            return b"\x00\xaa\xaa" + data + b"\x00"
