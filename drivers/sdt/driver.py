"""Driver `sdt`: resident ID card readers on a serial line or a serial server.

Finds, selects and reads the text of the card that lies on the reader, and tells
one `card.in` a visit. What is on a card is personal: events carry a keyed
reference, `publish_card` masked fields, and logs, states, values and errors
nothing. Photo and address are never looked at, fingerprints never asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from devices.errors import (
    CommandRejectedError,
    CommandTimeoutError,
    DeviceError,
    FrameError,
    ProtocolError,
)
from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceKind, DeviceState
from devices.sdt.codes import MODULE_TIMEOUT, SdtError, Sw3
from devices.sdt.frames import Command, SamId, take_text, wipe
from devices.sdt.idcard import IdCard, decode_card
from devices.sdt.idnumber import doubts, masked_fields, normalise_number
from devices.sdt.visits import CardChange, CardVisits
from devices.site import DeviceEntry, SiteError
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.sdt.faults import (
    FaultLog,
    Retry,
    is_absence,
    is_dead,
    is_lock_up,
    is_readers,
    may_try_again,
    word_of,
)
from drivers.sdt.link import SdtLink
from drivers.sdt.settings import SdtParameters, has_line, reader_url

log = logging.getLogger(__name__)

MAX_TRIES: Final = 3
"""Reads of one card before it must be lifted and put back."""
MAX_TROUBLES: Final = 3
"""Strange answers in a row before the reader counts as degraded."""
MAX_SILENCES: Final = 3
"""Finds in a row without an answer before the line is opened anew."""
STATUS_PATIENCE: Final = 2.0
"""A late answer may stand before that to a status question."""


class Nothing(BaseModel):
    """A command without arguments."""

    model_config = DriverParameters.model_config


class SdtDriver(Driver[SdtParameters]):
    """One reader."""

    kind = DeviceKind.CARD_READER
    parameters_model = SdtParameters
    capabilities = (EventType.CARD_IN, EventType.CARD_OUT, "card")
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {
        "read": Nothing,
        "status": Nothing,
    }

    def __init__(self, context: DriverContext, parameters: SdtParameters) -> None:
        super().__init__(context, parameters)
        self._visits = CardVisits(
            debounce_s=parameters.debounce_s,
            presume_out_s=parameters.presume_out_s,
            relocate_required=parameters.relocate_required,
        )
        self._link: SdtLink | None = None
        self._turn = asyncio.Lock()
        self._masked: dict[str, Any] = {}
        """Masked fields of the card that lies there; gone with it."""
        self._reads = 0
        self._faults = FaultLog()
        self._begin()

    @classmethod
    def check(cls, device: DeviceEntry, parameters: SdtParameters) -> None:
        """A reader needs a line."""
        del parameters
        if not has_line(device):
            raise SiteError(
                ("url",),
                "an ID card reader needs a url: serial:/dev/…?baudrate=115200 or "
                "tcp://host:port of a serial server",
            )

    async def run(self) -> None:
        """Serve the reader until the line breaks or it falls silent."""
        async with await self.context.connect(reader_url(self.context.device)) as line:
            link = SdtLink(
                line,
                timeout_s=self.parameters.find_timeout_s,
                read_timeout_s=self.parameters.read_timeout_s,
            )
            self._begin()
            try:
                await self._open(link)
                self._link = link
                self._show()
                await self._serve(link)
            finally:
                self._link = None
                self._masked = {}
                self._visits.interrupt()

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """`read` the card that lies there, or tell the reader's `status`."""
        del arguments
        async with self._turn:
            if self._link is None:
                raise CommandRejectedError(
                    "offline", "the reader is not connected; see the device's state"
                )
            if name == "read":
                return await self._read_now(self._link)
            return await self._status_now(self._link)

    # The reader's life.

    def _begin(self) -> None:
        """Nothing is known of the reader's ways yet."""
        self._tries = self._troubles = self._silences = 0
        self._says_none = False
        """It has said that there is no card, so it does not time out instead."""
        self._degraded = ""
        self._find_at_s = 0.0
        self._retry = Retry()

    async def _open(self, link: SdtLink) -> None:
        await self._check_module(link)
        self.context.describe(protocol="SDT")
        try:
            found = await link.demand(Command.SAM_ID)
            self.context.describe(serial=SamId.decode(found.data).masked)
        except (CommandTimeoutError, SdtError) as error:
            log.info("%s tells no SAM id: %s", self.context.device.id, error)
        size = self.parameters.max_rf_bytes
        if size is None:
            return
        told = await link.ask(Command.SET_RF, bytes((size,)))
        if not told.is_success:
            log.warning("%s: max_rf_bytes: %s", self.context.device.id, told)

    async def _check_module(self, link: SdtLink) -> None:
        """Ask how the security module is; raises unless it is well.

        Its answer also lets late answers to earlier questions pass.
        """
        found = await link.ask(Command.SAM_STATUS, patience=STATUS_PATIENCE)
        if not found.is_success and not is_dead(SdtError(found.sw)):
            found = await link.ask(Command.SAM_STATUS, patience=STATUS_PATIENCE)
        found.raise_for_code()

    async def _serve(self, link: SdtLink) -> None:
        check_at_s = _now_s() + self.parameters.status_every_s
        while True:
            async with self._turn:
                if _now_s() >= check_at_s:
                    check_at_s = _now_s() + self.parameters.status_every_s
                    await self._check_module(link)
                await self._look(link)
            await self._until_next_find()

    async def _until_next_find(self) -> None:
        await asyncio.sleep(max(0.0, self._find_at_s - _now_s()))

    async def _look(self, link: SdtLink) -> None:
        """One poll: find, and read what is new."""
        try:
            is_found = await self._find(link)
        except CommandTimeoutError as error:
            await self._revive(link, error)
            return
        except (FrameError, SdtError) as error:
            self._trouble(error)
            return
        self._well()
        if not is_found:
            await self._miss()
        elif self._visits.found(_now_s()) or (
            self._visits.is_refused and self._retry.is_due(_now_s())
        ):
            await self._try_card(link)

    async def _find(self, link: SdtLink) -> bool:
        await self._until_next_find()
        self._find_at_s = _now_s() + self.parameters.poll_ms / 1000
        found = await link.ask(Command.FIND)
        if found.sw3 == Sw3.FIND_FAILED:
            self._says_none = True
            return False
        if found.sw == MODULE_TIMEOUT and not self._says_none:
            return False
        found.raise_for_code()
        return True

    async def _revive(self, link: SdtLink, error: CommandTimeoutError) -> None:
        """No answer to a find: see whether the reader lives; reset its module."""
        self._silences += 1
        self._note(error)
        if self._silences >= MAX_SILENCES:
            raise error
        await self._check_module(link)
        if self._silences > 1:
            self.context.report(DeviceState.DEGRADED, str(error))
            await link.ask(Command.RESET_SAM)

    def _trouble(self, error: DeviceError) -> None:
        """An answer to find that says neither yes nor no."""
        self._troubles += 1
        self._faults.note(error, self.context.now())
        if self._troubles <= MAX_TROUBLES:
            self._show()
        if is_dead(error):
            raise error
        if self._troubles >= MAX_TROUBLES:
            self.context.report(DeviceState.DEGRADED, str(error))

    def _well(self) -> None:
        """Find works; READY unless reading is known not to."""
        self._troubles = self._silences = 0
        state = DeviceState.DEGRADED if self._degraded else DeviceState.READY
        self.context.report(state, self._degraded)

    # Cards.

    async def _miss(self) -> None:
        was_refused = self._visits.is_refused
        self._tries = 0
        await self._tell(self._visits.missed(_now_s()))
        if was_refused:
            self._show()

    async def _try_card(self, link: SdtLink) -> None:
        """Read the card; one that fails is tried again, then must be lifted."""
        try:
            await self._read_card(link)
        except (CommandTimeoutError, ProtocolError, SdtError) as error:
            await self._fail_card(link, error)

    async def _fail_card(self, link: SdtLink, error: DeviceError) -> None:
        if is_absence(error):
            await self._miss()
            return
        self._note(error)
        if is_dead(error):
            raise error
        self._tries += 1
        if not may_try_again(error) or self._tries >= MAX_TRIES:
            await self._refuse(error)
        if is_readers(error):
            self._degraded = str(error)
        if is_lock_up(error):
            # Late answers pass, and a card that locked up in the field is freed.
            await self._check_module(link)
            await link.ask(Command.RESET_SAM)

    async def _refuse(self, error: DeviceError) -> None:
        """Leave the card alone until it is lifted; now and then it may be better."""
        if not self._visits.is_refused:
            self._retry = Retry()
            log.info("%s: a card is refused: %s", self.context.device.id, error)
        self._retry.failed(_now_s())
        await self._tell(self._visits.refuse())
        self._show()

    async def _read_card(self, link: SdtLink) -> None:
        """Select and read the card that was found; tell who came."""
        (await link.demand(Command.SELECT)).wipe()
        found = await link.demand(Command.READ_TEXT)
        try:
            text = take_text(found)
            try:
                card = decode_card(text)
            finally:
                wipe(text)
        finally:
            found.wipe()
        await self._welcome(card)

    async def _welcome(self, card: IdCard) -> None:
        number = normalise_number(card.number)
        if not number:
            raise ProtocolError("the card's content has no number")
        self._tries = 0
        self._reads += 1
        self._degraded = ""
        self._faults.forgive()
        reference = self.context.subject_ref("id", number)
        masked: dict[str, Any] = {
            "reader": self.context.device.id,
            "subject_ref": reference,
            **masked_fields(card, self.parameters.mask),
            "doubts": [doubt.value for doubt in doubts(card)],
        }
        changes = self._visits.read(reference, card.kind.value, _now_s())
        await self._tell(changes)
        self._masked = masked
        if changes:
            self.context.publish_card(masked)
        self._show()

    async def _tell(self, changes: Sequence[CardChange]) -> None:
        if not changes:
            return
        if changes[-1].type is EventType.CARD_OUT:
            self._masked = {}
            self._show()
        now = self.context.now()
        events = [
            DeviceEvent(
                type=change.type,
                time=now,
                received=now,
                data={
                    "reader": self.context.device.id,
                    "subject_ref": change.subject_ref,
                    "kind": change.kind,
                    "confidence": change.confidence.value,
                },
            )
            for change in changes
        ]
        try:
            await self.context.emit(events)
        except BaseException:
            self._visits.forget()
            raise

    # Commands.

    async def _read_now(self, link: SdtLink) -> Mapping[str, Any]:
        try:
            if await self._find(link):
                self._visits.found(_now_s())
                await self._read_card(link)
                return {**self._masked, "fresh": True}
        except (ProtocolError, SdtError) as error:
            if not is_absence(error):
                self._note(error)
                raise CommandRejectedError(word_of(error), str(error)) from error
        await self._miss()
        if self._masked and self._visits.may_lie_unseen:
            # It was read when it was put on, and is not found until lifted.
            return {**self._masked, "fresh": False}
        raise CommandRejectedError(
            "no_card",
            "no card is found; put a card on the reader, or lift it and put it back",
        )

    async def _status_now(self, link: SdtLink) -> Mapping[str, Any]:
        found = await link.ask(Command.SAM_STATUS, patience=STATUS_PATIENCE)
        error = None if found.is_success else SdtError(found.sw)
        return {
            "sam": error.word if error else "ok",
            "message": str(error) if error else "",
            **self._value(),
            "skipped_bytes": link.skipped_bytes,
            "bad_checksums": link.bad_checksums,
            "late_answers": link.late_answers,
        }

    # What people see of the reader.

    def _note(self, error: DeviceError) -> None:
        self._faults.note(error, self.context.now())
        self._show()

    def _show(self) -> None:
        self.context.show(self._value())

    def _value(self) -> dict[str, Any]:
        if self._visits.is_refused:
            card = "unreadable"
        else:
            card = "present" if self._visits.is_present else "absent"
        return {"card": card, "reads": self._reads, **self._faults.value()}


def _now_s() -> float:
    return asyncio.get_running_loop().time()
