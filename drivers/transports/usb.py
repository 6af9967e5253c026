"""Printers on USB: python-escpos speaks libusb, threads keep it off the loop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self, TypeVar

from bus.threads import in_daemon_thread
from devices.errors import ConfigurationError, TransportError
from drivers.transports.transport import Transport

WRITE_TIMEOUT_S: Final = 10.0
PAUSE_S: Final = 0.2
"""Between reads that brought nothing."""
PORTION: Final = 4096

Result = TypeVar("Result")

_ADDRESS: Final = re.compile(r"usb:([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?:\?(.*))?")
_END_POINT: Final = re.compile(r"(in|out)=(0x[0-9a-fA-F]{1,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbAddress:
    """Vendor and product, and the end points where they are not the usual ones."""

    vendor: int
    product: int
    end_in: int = 0x82
    end_out: int = 0x01

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `usb:04b8:0e15?in=0x82&out=0x01` (numbers as `lsusb` shows them)."""
        match = _ADDRESS.fullmatch(url)
        words = (match[3] or "").split("&") if match else []
        points = [_END_POINT.fullmatch(word) for word in words if word]
        if match is None or None in points:
            raise ConfigurationError(
                f"{url}: want usb:04b8:0e15 (as lsusb shows it), perhaps with "
                "?in=0x82&out=0x01"
            )
        told = {point[1]: int(point[2], 16) for point in points if point}
        return cls(
            vendor=int(match[1], 16),
            product=int(match[2], 16),
            end_in=told.get("in", 0x82),
            end_out=told.get("out", 0x01),
        )


class UsbTransport(Transport):
    """An open USB printer. `printer` is python-escpos' `Usb`, or alike."""

    def __init__(self, url: str, printer: Any) -> None:
        super().__init__(url)
        self._printer = printer
        self._turn = asyncio.Lock()
        self._is_closed = False

    @classmethod
    async def open(cls, url: str, timeout_s: float) -> UsbTransport:
        """Find and claim the printer; raises `TransportError` in plain words."""
        address = UsbAddress.parse(url)
        try:
            async with asyncio.timeout(timeout_s):
                printer = await in_daemon_thread(
                    lambda: _opened(url, address), name="usb-open", discard=_release
                )
        except TimeoutError as error:
            raise TransportError(f"{url}: USB gave no answer") from error
        return cls(url, printer)

    async def read(self, timeout_s: float | None = None) -> bytes:
        """The next bytes, at least one; asks again and again, as USB wants it."""
        async with asyncio.timeout(timeout_s):
            while True:
                async with self._turn:
                    data = await self._in_thread(self._take, "usb-read")
                if data:
                    return data
                await asyncio.sleep(PAUSE_S)

    async def write(self, data: bytes) -> None:
        """Send all of `data`; waits while the printer takes nothing."""
        for start in range(0, len(data), PORTION):
            part = data[start : start + PORTION]
            async with self._turn:
                await self._in_thread(partial(self._send, part), "usb-write")

    def discard_input(self) -> None:
        """Nothing is kept unread here."""

    async def close(self) -> None:
        """Give the printer back."""
        if not self._is_closed:
            self._is_closed = True
            await in_daemon_thread(lambda: _release(self._printer), name="usb-close")

    async def _in_thread(self, work: Callable[[], Result], name: str) -> Result:
        if self._is_closed:
            raise TransportError(f"{self.url}: closed")
        return await in_daemon_thread(work, name=name)

    def _take(self) -> bytes:
        try:
            return bytes(self._printer._read())  # noqa: SLF001 - it has no other name
        except OSError as error:
            if _is_timeout(error):
                return b""
            raise TransportError(f"{self.url}: {_words(error)}") from error

    def _send(self, data: bytes) -> None:
        try:
            self._printer._raw(data)  # noqa: SLF001 - its documented raw output
        except OSError as error:
            what = (
                f"took no byte for {WRITE_TIMEOUT_S:g} s"
                if _is_timeout(error)
                else _words(error)
            )
            raise TransportError(f"{self.url}: {what}") from error


def _opened(url: str, address: UsbAddress) -> Any:
    # Imported late: halls without USB printers need neither it nor libusb.
    from escpos.exceptions import Error  # noqa: PLC0415
    from escpos.printer import Usb  # noqa: PLC0415
    from usb.core import NoBackendError  # noqa: PLC0415

    printer = Usb(
        address.vendor,
        address.product,
        timeout=int(WRITE_TIMEOUT_S * 1000),
        in_ep=address.end_in,
        out_ep=address.end_out,
    )
    try:
        printer.open()
    except NoBackendError as error:
        raise TransportError(
            f"{url}: libusb is missing; install it (Debian: libusb-1.0-0)"
        ) from error
    except (Error, OSError) as error:
        raise TransportError(
            f"{url}: not found, or no permission; is it plugged in and on, and may "
            "this user open it (group lp)?"
        ) from error
    return printer


def _release(printer: Any) -> None:
    printer.close()


def _is_timeout(error: OSError) -> bool:
    return type(error).__name__ == "USBTimeoutError" or error.errno == 110


def _words(error: OSError) -> str:
    gone = error.errno in {5, 19}
    return "unplugged or switched off" if gone else str(error)
