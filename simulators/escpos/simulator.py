"""A simulated ESC/POS printer: shows each ticket that was cut off, as text."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, Field

from devices.escpos.status import Condition, Cover, Fault, Paper, Query, answer
from devices.escpos.stream import (
    Cut,
    Element,
    Feed,
    Picture,
    PrintFramer,
    PrintSymbol,
    Reset,
    Setting,
    StatusQuery,
    SymbolData,
    Text,
)
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.hosting.faults import Arguments, Switch
from simulators.simulator import Output, SimulatorParameters

KEPT: Final = 200
"""Tickets that lie in the tray."""
HELD: Final = 10_000
"""Elements that wait while it cannot print; its buffer is full then."""
CHINESE_ON: Final = b"\x1c&"
CHINESE_OFF: Final = b"\x1c."


class PaperState(Arguments):
    """Put in a roll, or take it out; `after_lines` later, in the midst of it."""

    state: Annotated[str, Field(pattern="^(ok|near_end|out)$")]
    after_lines: Annotated[int, Field(ge=0, le=1000)] = 0


class CoverState(Arguments):
    """Open or close the lid."""

    open: bool = True


class FaultState(Arguments):
    """Have a fault, or none."""

    kind: Annotated[str, Field(pattern="^(none|cutter|fatal|passing)$")] = "cutter"


class TicketPrinter(FramedSimulator[SimulatorParameters, PrintFramer]):
    """Prints what it can; what comes while it cannot waits in its buffer."""

    parameters_model = SimulatorParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {
        "paper": PaperState,
        "cover": CoverState,
        "fault": FaultState,
        "mute": Switch,
    }

    def __init__(
        self, device: DeviceEntry, parameters: SimulatorParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._tickets: deque[str] = deque(maxlen=KEPT)
        self._paper, self._cover = Paper.OK, Cover.CLOSED
        self._fault = Fault.NONE
        self._muted = False
        self._runs_out: tuple[int, Paper] | None = None
        self._forget()

    def new_framer(self) -> PrintFramer:
        """See `FramedSimulator.new_framer`."""
        return PrintFramer()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Print, and answer status questions at once."""
        del now
        outputs: list[Output] = []
        for element in self.framer(session).feed(data):
            if isinstance(element, StatusQuery):
                outputs += self._told(element.number, session)
            elif len(self._held) < HELD:
                self._held.append(element)
                self._go_on()
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Do what a person, or a fault, does to the printer."""
        del action, now
        match arguments:
            case PaperState(state=state, after_lines=lines) if lines:
                self._runs_out = (lines, Paper(state))
            case PaperState(state=state):
                self._paper, self._runs_out = Paper(state), None
            case CoverState(open=is_open):
                self._cover = Cover.OPEN if is_open else Cover.CLOSED
            case FaultState(kind=kind):
                self._fault = Fault(kind)
            case Switch(on=on):
                self._muted = on
        self._go_on()
        return ()

    def powercycle(self, now: datetime) -> None:
        """Lose what waits and what was not cut off."""
        super().powercycle(now)
        self._forget()

    def view(self) -> Mapping[str, Any]:
        """Tickets as text, newest last, and what keeps it from printing."""
        return {
            "tickets": list(self._tickets),
            "paper": self._paper.value,
            "cover": self._cover.value,
            "error": self._fault.value,
            "printing": "\n".join(self._lines),
            "waiting": len(self._held),
            "muted": self._muted,
        }

    def _forget(self) -> None:
        self._held: deque[Element] = deque()
        self._lines: list[str] = []
        self._line = bytearray()
        self._symbol = b""
        self._chinese = False

    @property
    def _can_print(self) -> bool:
        return (
            self._paper is not Paper.OUT
            and self._cover is Cover.CLOSED
            and self._fault is Fault.NONE
        )

    def _told(self, number: int, session: int) -> list[Output]:
        if self._muted or number not in set(Query):
            return []
        condition = Condition(paper=self._paper, cover=self._cover, error=self._fault)
        return [Output(bytes((answer(Query(number), condition),)), session)]

    def _go_on(self) -> None:
        while self._held and self._can_print:
            self._print(self._held.popleft())

    def _print(self, element: Element) -> None:
        match element:
            case Text(data=data):
                self._line += data
            case Feed(lines=lines):
                self._end_line()
                for _ in range(lines - 1):
                    self._put("")
            case Picture(width=width, height=height):
                self._put(f"[picture {width}x{height}]")
            case SymbolData(data=data):
                self._symbol = data
            case PrintSymbol():
                self._put(f"[QR {self._symbol.decode(errors='replace')}]")
            case Cut():
                self._cut()
            case Reset():
                self._line.clear()
                self._chinese = False
            case Setting(data=data) if data in {CHINESE_ON, CHINESE_OFF}:
                self._chinese = data == CHINESE_ON
            case _:
                pass

    def _end_line(self) -> None:
        charset = "gb18030" if self._chinese else "cp437"
        self._put(self._line.decode(charset, "replace").strip())
        self._line.clear()

    def _put(self, line: str) -> None:
        self._lines.append(line)
        if self._runs_out is None:
            return
        left, paper = self._runs_out
        self._runs_out = (left - 1, paper) if left > 1 else None
        if left <= 1:
            self._paper = paper

    def _cut(self) -> None:
        if self._line:
            self._end_line()
        text = "\n".join(self._lines).strip("\n")
        self._lines = []
        if text:
            self._tickets.append(text)
