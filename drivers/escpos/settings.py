"""What the hall file says about a ticket printer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from string import Formatter
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from devices.site import DeviceEntry
from drivers.driver import DriverParameters

BAUDRATE: Final = 19200
"""Of serial ticket printers as most are set."""
FIELDS: Final = (
    "hall",
    "number",
    "service",
    "before",
    "minutes",
    "date",
    "time",
    "footer",
)
"""What a line of the template may name."""

_SCHEMES: Final = ("serial:", "tcp://", "usb:", "memory:")


class Charset(StrEnum):
    """How Chinese gets onto the paper."""

    GB18030 = "gb18030"
    """By the printer's own characters."""
    BITMAP = "bitmap"
    """As pictures, for printers without Chinese characters."""


class QrPrinting(StrEnum):
    """How the QR code gets onto the paper."""

    NATIVE = "native"
    BITMAP = "bitmap"
    OFF = "off"


class CutMode(StrEnum):
    """What happens to the paper behind a ticket."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class TicketLine(BaseModel):
    """One line of the ticket: a text with fields, the QR code, or empty lines.

    A line with a field that has no value is left out, and so is one with
    `when` that has none.
    """

    model_config = DriverParameters.model_config

    text: str = ""
    qr: bool = False
    feed: Annotated[int, Field(ge=0, le=20)] = 0
    """Empty lines behind it."""
    size: Annotated[int, Field(ge=1, le=8)] = 1
    bold: bool = False
    align: Literal["left", "center", "right"] = "center"
    when: Literal["", "qr", "before", "minutes", "footer"] = ""

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        try:
            named = [name for _, name, _, _ in Formatter().parse(self.text)]
        except ValueError as error:
            raise ValueError(f"{self.text!r}: {error}") from error
        unknown = sorted({name for name in named if name is not None} - set(FIELDS))
        if unknown:
            raise ValueError(
                f"{self.text!r}: no field {', '.join(unknown)}; there are: "
                f"{', '.join(FIELDS)}"
            )
        return self

    @property
    def fields(self) -> list[str]:
        """The fields that it names."""
        return [name for _, name, _, _ in Formatter().parse(self.text) if name]


DEFAULT_TEMPLATE: Final = (
    TicketLine(text="{hall}", bold=True, feed=1),
    TicketLine(text="{number}", size=6, bold=True, feed=1),
    TicketLine(text="{service}", size=2),
    TicketLine(text="前面还有 {before} 人"),
    TicketLine(text="预计等候约 {minutes} 分钟", feed=1),
    TicketLine(qr=True),
    TicketLine(text="扫码查看排队进度", when="qr", feed=1),
    TicketLine(text="{date} {time}"),
    TicketLine(text="{footer}"),
)


class EscposParameters(DriverParameters):
    """Keys of the hall file."""

    charset: Charset = Charset.GB18030
    font: str | None = None
    """A font file with Chinese characters, for `charset: bitmap`."""
    paper_mm: Literal[58, 80] = 80
    qr: QrPrinting = QrPrinting.NATIVE
    qr_size: Annotated[int, Field(ge=1, le=16)] = 6
    """Dots a module."""
    cut: CutMode = CutMode.FULL
    footer: str = "请留意叫号，过号请重新取号"
    template: Annotated[Sequence[TicketLine], Field(max_length=60)] = DEFAULT_TEMPLATE
    poll_s: Annotated[float, Field(ge=0.05, le=60)] = 3.0
    """Between two looks at paper and cover."""
    timeout_s: Annotated[float, Field(ge=0.05, le=30)] = 1.0
    """How long an answer to a status question is waited for."""
    send_timeout_s: Annotated[float, Field(ge=0.5, le=60)] = 8.0
    """How long the printer may take to accept a whole ticket."""
    settle_s: Annotated[float, Field(ge=0, le=10)] = 0.8
    """How long a ticket takes to print; then it is asked whether all is well."""

    @property
    def columns(self) -> int:
        """Narrow characters in a line (font A, 12 dots)."""
        return 48 if self.paper_mm == 80 else 32

    @property
    def dots(self) -> int:
        """Dots in a line."""
        return 576 if self.paper_mm == 80 else 384


def has_line(device: DeviceEntry) -> bool:
    """Whether the entry's URL is of a kind that a printer can be on."""
    return (device.url or "").startswith(_SCHEMES)


def printer_url(device: DeviceEntry) -> str:
    """The entry's URL, with the printers' own baud rate when it names none."""
    url = device.url or ""
    if url.startswith("serial:") and "baudrate=" not in url:
        return f"{url}{'&' if '?' in url else '?'}baudrate={BAUDRATE}"
    return url
