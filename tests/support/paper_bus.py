"""A bus with one printer behind it that a test plays."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bridge.service.hall import Hall
from devices.commands import Desired, Reply, ReplyStatus

WELL = {"paper": "ok", "cover": "closed", "error": "none"}


class PaperBus:
    """Fills `Bus`; `tickets` are those that came out, newest last."""

    def __init__(
        self, hall: Hall, printer: str = "printer-1", *, told: bool = True
    ) -> None:
        self._hall = hall
        self._printer = printer
        self.reason = ""
        self.fault = ""
        self.condition: dict[str, str] = dict(WELL)
        self.refusals: list[Reply] = []
        """Answers to the next prints, before any ticket comes out."""
        self.confirms = True
        self.silent = False
        """Status questions get no answer; what was told before still stands."""
        self.tickets: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self._jobs: set[str] = set()
        self._free = asyncio.Event()
        self._free.set()
        self.waits = asyncio.Event()
        """Set once a print came."""
        if told:
            self.told()
        hall.attach(self)

    def told(self, state: str = "ready", reason: str = "") -> None:
        """The printer's node tells its state and value."""
        directory, now = self._hall.directory, self._hall.now()
        body = {"state": state, "reason": reason, "session": 1}
        directory.take_status(self._printer, body, now, retained=True)
        directory.take_value(self._printer, self.condition, now, retained=True)

    def hold(self) -> None:
        """Keep prints waiting."""
        self._free.clear()

    def release(self) -> None:
        """Let prints go on."""
        self._free.set()

    def forget(self) -> None:
        """The node was killed: prints that wait get no answer, later ones do."""
        self._free = asyncio.Event()
        self._free.set()

    def show(self, device: str, desired: Desired) -> None:
        """No displays here."""

    def send(self, device: str, name: str, args: Mapping[str, Any]) -> None:
        """No callers here."""

    async def request(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """As the printer's node answers."""
        assert device == self._printer
        assert timeout_s > 0
        self.asked.append(name)
        if name == "status":
            return _failed("no_reply") if self.silent else _done(**self.condition)
        self.waits.set()
        await self._free.wait()
        if self.refusals:
            return self.refusals.pop(0)
        if args["job"] not in self._jobs:
            self._jobs.add(args["job"])
            self.tickets.append({**args["ticket"], "reprint": args["reprint"]})
        return _done(printed=True, confirmed=self.confirms)


def refused(code: str) -> Reply:
    """The printer's node refuses."""
    return Reply(
        id="r", status=ReplyStatus.REJECTED, code=code, message=f"it is {code}"
    )


def _failed(code: str) -> Reply:
    return Reply(id="r", status=ReplyStatus.TIMEOUT, code=code, message="late")


def _done(**data: Any) -> Reply:
    return Reply(id="r", status=ReplyStatus.OK, data=data)
