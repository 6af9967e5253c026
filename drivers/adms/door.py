"""Which calls of a serial number are let in: path, address, key.

A serial number is no proof: anybody on the network can say it. So it is bound
to the address that it was first heard from, or to what the hall file says.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from devices.adms.requests import PushKind
from drivers.adms.parameters import AdmsParameters, within
from drivers.adms.reception import Call
from drivers.driver import DriverContext

log = logging.getLogger(__name__)

CLOCK_MOVED: Final = "clock-moved"
FORGET_AFTER: Final = timedelta(hours=1)
"""So long after its last call another address is no trouble any more."""


@dataclass(slots=True)
class Door:
    """The door of one clock."""

    context: DriverContext
    parameters: AdmsParameters
    moved_to: str = ""
    """An address that is not bound and says this serial number."""
    wrong_key: bool = False
    _moved_at: datetime | None = None

    @property
    def bound(self) -> str:
        """The address that it is bound to; empty before it was heard."""
        kept = self.context.recall(self._source_key)
        return kept if isinstance(kept, str) else ""

    @property
    def trouble(self) -> str:
        """What a technician must see to."""
        if self.moved_to:
            wanted = self.parameters.source or self.bound
            how = (
                "change its `source` in the hall file"
                if self.parameters.source
                else f"run the command accept_address with address {self.moved_to}"
            )
            return (
                f"{self.moved_to} says it is clock {self.parameters.serial}, which is "
                f"at {wanted}; it is not let in. If the clock has moved, {how}"
            )
        if self.wrong_key:
            return (
                "the clock sends another pushcommkey than comm_key of the hall file, "
                "or none; set the same one here and there, and start the clock again"
            )
        return ""

    def refusal(self, call: Call) -> str:
        """Why a call is not let in; empty when it is."""
        if self.parameters.path and not hmac.compare_digest(
            self.parameters.path.encode(), call.request.path.encode()
        ):
            return "not the address that this clock is to ask"
        if not self._fits(call.source):
            self._note_move(call.source)
            return "this serial number is bound to another address"
        if not self._has_key(call):
            if not self.wrong_key:
                log.warning("%s: wrong or missing pushcommkey", self._name)
            self.wrong_key = True
            return "wrong pushcommkey"
        return ""

    async def enter(self, call: Call) -> None:
        """Note a call that was let in: bind its address, remember its key."""
        self.wrong_key = False
        moved_at = self._moved_at
        if moved_at and abs(self.context.now() - moved_at) > FORGET_AFTER:
            self.moved_to, self._moved_at = "", None
        keep = {}
        if self.parameters.source is None and not self.bound:
            log.info("%s: bound to address %s", self._name, call.source)
            keep[self._source_key] = call.source
        proof = self._proof(call.source)
        if self.parameters.comm_key and self.context.recall(self._key_key) != proof:
            keep[self._key_key] = proof
        if keep:
            await self.context.remember(keep)

    async def accept(self, address: str) -> None:
        """A technician says that it is there now."""
        await self.context.remember({self._source_key: address})
        log.info("%s: bound to address %s by a technician", self._name, address)
        self.moved_to = ""

    @property
    def _name(self) -> str:
        return self.context.device.id

    @property
    def _source_key(self) -> str:
        return f"adms:{self.parameters.serial}:source"

    @property
    def _key_key(self) -> str:
        return f"adms:{self.parameters.serial}:key"

    def _fits(self, source: str) -> bool:
        network = self.parameters.network
        if network is not None:
            return within(source, network)
        return self.bound in {"", source}

    def _note_move(self, source: str) -> None:
        if source != self.moved_to:
            log.warning("%s: %s says its serial number too", self._name, source)
        self.moved_to, self._moved_at = source, self.context.now()

    def _has_key(self, call: Call) -> bool:
        """The handshake proves it; what follows from there is believed."""
        key = self.parameters.comm_key
        if not key:
            return True
        if call.request.kind is PushKind.HANDSHAKE or call.request.get("pushcommkey"):
            told = call.request.get("pushcommkey")
            return hmac.compare_digest(key.encode(), told.encode())
        return bool(self.context.recall(self._key_key) == self._proof(call.source))

    def _proof(self, source: str) -> str:
        """That this key was shown from this address, without keeping the key."""
        key = (self.parameters.comm_key or "").encode()
        text = f"{self.parameters.serial}\0{source}".encode()
        return hmac.new(key, text, hashlib.sha256).hexdigest()
