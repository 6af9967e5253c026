from __future__ import annotations

import asyncio
import threading
from collections import deque

import pytest

from devices.errors import ConfigurationError, TransportError
from drivers.transports import check_url
from drivers.transports.usb import UsbAddress, UsbTransport


class FakeUsb:
    """What `escpos.printer.Usb` does, without USB."""

    def __init__(self, *answers: bytes | OSError) -> None:
        self.answers = deque(answers)
        self.sent: list[bytes] = []
        self.failure: OSError | None = None
        self.closed = 0

    def _read(self) -> bytes:
        found = self.answers.popleft() if self.answers else b""
        if isinstance(found, OSError):
            raise found
        return found

    def _raw(self, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(data)

    def close(self) -> None:
        self.closed += 1


def test_addresses_as_lsusb_shows_them() -> None:
    assert UsbAddress.parse("usb:04b8:0E15") == UsbAddress(vendor=0x4B8, product=0xE15)
    told = UsbAddress.parse("usb:0416:5011?in=0x81&out=0x03")
    assert (told.end_in, told.end_out) == (0x81, 0x03)


@pytest.mark.parametrize(
    "url", ["usb:", "usb:1:2", "usb://04b8:0e15", "usb:04b8:0e15?speed=1"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="lsusb"):
        check_url(url)


async def test_it_reads_until_something_comes_and_writes_in_portions() -> None:
    printer = FakeUsb(b"", TimeoutError(110, "timed out"), b"\x12")
    async with UsbTransport("usb:1", printer) as line:
        assert await line.read() == b"\x12"
        await line.write(b"x" * 5000)
        assert [len(part) for part in printer.sent] == [4096, 904]
        line.discard_input()
    assert printer.closed == 1
    with pytest.raises(TransportError, match="closed"):
        await line.write(b"x")


async def test_a_read_ends_with_its_time() -> None:
    async with UsbTransport("usb:1", FakeUsb()) as line:
        with pytest.raises(TimeoutError):
            await line.read(0.01)


class StuckUsb(FakeUsb):
    """A printer that takes no byte until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_free = threading.Event()
        self.threads: set[str] = set()

    def _read(self) -> bytes:
        self.threads.add(threading.current_thread().name)
        return b"x"

    def _raw(self, data: bytes) -> None:
        self.threads.add(threading.current_thread().name)
        assert self.is_free.wait(20)
        super()._raw(data)

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)


async def test_a_printer_that_is_stuck_holds_up_nobody_else() -> None:
    printer = StuckUsb()
    async with UsbTransport("usb:1", printer) as line:
        writing = asyncio.create_task(line.write(b"x"))
        while not printer.threads:  # noqa: ASYNC110 - the loop runs on meanwhile
            await asyncio.sleep(0.001)
        assert not writing.done()
        printer.is_free.set()
        await writing
        assert await line.read() == b"x"
    assert threading.current_thread().name not in printer.threads


async def test_unplugged_is_said_in_plain_words() -> None:
    printer = FakeUsb(OSError(19, "No such device"))
    printer.failure = OSError(110, "timed out")
    async with UsbTransport("usb:1", printer) as line:
        with pytest.raises(TransportError, match="unplugged"):
            await line.read()
        with pytest.raises(TransportError, match="took no byte"):
            await line.write(b"x")


async def test_a_printer_that_is_not_there() -> None:
    with pytest.raises(TransportError, match=r"not found|libusb"):
        await UsbTransport.open("usb:ffff:fffe", 20)
