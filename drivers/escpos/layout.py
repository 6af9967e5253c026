"""A ticket as bytes for the printer, built by python-escpos.

Blocking: not for the event loop. Nothing here opens a device.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import ceil
from os import environ
from pathlib import Path
from typing import Any, Final

from devices.errors import ConfigurationError
from drivers.escpos.jobs import PrintTicket
from drivers.escpos.settings import (
    Charset,
    CutMode,
    EscposParameters,
    QrPrinting,
    TicketLine,
)

CHINESE_ON: Final = b"\x1c&"
"""FS &: two-byte characters."""
DOTS_HIGH: Final = 24
"""Of a character of size 1."""
FONTS: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
"""Where distributions keep fonts with Chinese characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line as it shall come out."""

    text: str
    style: TicketLine


def find_font(wanted: str | None) -> Path:
    """A font with Chinese characters; raises `ConfigurationError`."""
    for name in [wanted] if wanted else FONTS:
        path = Path(str(name))
        if path.is_file():
            return path
    where = f"there is no font {wanted}" if wanted else "no Chinese font was found"
    raise ConfigurationError(
        f"charset bitmap: {where}; install one (Debian: fonts-noto-cjk), or set "
        "`font:` to the font file"
    )


def prepare() -> None:
    """Load python-escpos, which takes a moment; once a process."""
    _printer_class()


def compose(ticket: PrintTicket, settings: EscposParameters, hall: str) -> bytes:
    """The whole ticket, from reset to cut. `hall` where the ticket names none."""
    values = ticket_values(ticket, settings, hall)
    rows = [
        Row(text=_filled(line, values), style=line)
        for line in settings.template
        if _is_wanted(line, values, settings)
    ]
    return _built(rows, settings, ticket.qr or "")


def compose_test(text: str, settings: EscposParameters) -> bytes:
    """A page that shows whether Chinese, sizes and the cutter work."""
    rows = [
        Row(text="打印测试", style=TicketLine(size=2, bold=True)),
        Row(text=text, style=TicketLine()),
        Row(text="A001 0123456789 取号", style=TicketLine(feed=1)),
    ]
    return _built(rows, settings, "")


def ticket_values(
    ticket: PrintTicket, settings: EscposParameters, hall: str
) -> Mapping[str, str]:
    """What the fields of the template stand for; empty when unknown."""
    day, clock = _when(ticket.time)
    wait_s = ticket.estimated_wait_s
    before = ticket.waiting_before
    return {
        "hall": ticket.hall or hall,
        "number": ticket.number,
        "service": ticket.service,
        "before": "" if before is None else str(before),
        "minutes": "" if not wait_s else str(max(1, ceil(wait_s / 60))),
        "date": day,
        "time": clock,
        "footer": settings.footer,
        "qr": ticket.qr or "",
    }


def width_of(text: str) -> int:
    """Columns of a text: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fold(text: str, columns: int) -> list[str]:
    """Lines that fit; printers would break within a character."""
    lines, line = [], ""
    for character in text:
        if line and width_of(line + character) > columns:
            lines.append(line)
            line = ""
        line += character
    return [*lines, line]


def _when(stamp: str | None) -> tuple[str, str]:
    try:
        moment = datetime.fromisoformat(stamp or "")
    except ValueError:
        return "", stamp or ""
    return moment.date().isoformat(), f"{moment:%H:%M:%S}"


def _is_wanted(
    line: TicketLine, values: Mapping[str, str], settings: EscposParameters
) -> bool:
    has_qr = bool(values["qr"]) and settings.qr is not QrPrinting.OFF
    if line.qr or line.when == "qr":
        return has_qr
    if line.when and not values[line.when]:
        return False
    return all(values[name] for name in line.fields)


def _filled(line: TicketLine, values: Mapping[str, str]) -> str:
    text = line.text.format_map(values)
    return "".join(c for c in text if unicodedata.category(c) != "Cc")


def _built(rows: Sequence[Row], settings: EscposParameters, qr: str) -> bytes:
    printer = _dummy(settings.dots)
    printer.hw("INIT")
    if settings.charset is Charset.GB18030:
        _put(printer, CHINESE_ON)
    for row in rows:
        if row.style.qr:
            _put_qr(printer, settings, qr)
        elif settings.charset is Charset.BITMAP:
            _put_picture(printer, row, settings)
        else:
            _put_text(printer, row, settings.columns)
        if row.style.feed:
            printer.print_and_feed(row.style.feed)
    if settings.cut is CutMode.NONE:
        printer.print_and_feed(6)
    else:
        printer.cut(mode="PART" if settings.cut is CutMode.PARTIAL else "FULL")
    output: bytes = printer.output
    return output


def _put_text(printer: Any, row: Row, columns: int) -> None:
    size = row.style.size
    while size > 1 and width_of(row.text) * size > columns:
        size -= 1
    printer.set(
        align=row.style.align,
        bold=row.style.bold,
        custom_size=True,
        width=size,
        height=size,
    )
    for line in fold(row.text, columns // size):
        _put(printer, line.encode("gb18030", "replace") + b"\n")


def _put_qr(printer: Any, settings: EscposParameters, content: str) -> None:
    printer.set(align="center", custom_size=True, width=1, height=1)
    is_native = settings.qr is QrPrinting.NATIVE
    printer.qr(content, size=settings.qr_size, native=is_native)
    if is_native:
        _put(printer, b"\n")


def _put_picture(printer: Any, row: Row, settings: EscposParameters) -> None:
    # Pillow comes with python-escpos; other charsets do without.
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

    path = find_font(settings.font)
    height = DOTS_HIGH * row.style.size
    font = ImageFont.truetype(str(path), height)
    while font.getlength(row.text) > settings.dots and height > DOTS_HIGH // 2:
        height -= 2
        font = ImageFont.truetype(str(path), height)
    picture = Image.new("1", (settings.dots, round(height * 1.4)), 1)
    slack = max(0.0, settings.dots - font.getlength(row.text))
    left = {"left": 0.0, "center": slack / 2, "right": slack}[row.style.align]
    bold = 1 if row.style.bold else 0
    ImageDraw.Draw(picture).text((left, 0), row.text, 0, font, stroke_width=bold)
    printer.image(picture)


def _put(printer: Any, data: bytes) -> None:
    printer._raw(data)  # noqa: SLF001 - its documented raw output


def _dummy(dots: int) -> Any:
    printer = _printer_class()()
    # Pictures are held against this width; without it there is talk on stdout.
    media = {"width": {"pixels": dots}}
    printer.profile.profile_data = {**printer.profile.profile_data, "media": media}
    return printer


@cache
def _printer_class() -> Any:
    # Imported late: it takes a third of a second, which halls without a printer
    # need not wait for.
    from escpos import capabilities  # noqa: PLC0415
    from escpos.printer import Dummy  # noqa: PLC0415

    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in environ:
        # It makes a directory for a cache that no later process finds.
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return Dummy
