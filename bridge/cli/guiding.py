"""The service guides of a hall file, checked with it."""

from __future__ import annotations

from pathlib import Path

from bridge.cli.hallfile import HallFile
from bridge.cli.mistakes import Mistake
from bridge.cli.positions import TextError, decode_text, read_document
from bridge.service.guides import Shelf, read_shelf


def check_guides(hall: HallFile) -> None:
    """Add the mistakes of the guides; a running hall only leaves bad ones out."""
    if hall.site is None or hall.site.guides is None:
        return
    folder = Path(hall.site.guides)
    services = frozenset(service.id for service in hall.site.services)
    shelf = read_shelf(folder, services, Shelf())
    if shelf.fault:
        hall.mistakes.append(
            Mistake(
                file=str(hall.path),
                line=_line(hall.path, "guides"),
                key="guides",
                message=shelf.fault,
            )
        )
    for name, flaw in shelf.flaws:
        hall.mistakes.append(
            Mistake(
                file=str(folder / name), line=flaw.line, key="", message=flaw.message
            )
        )
    if hall.mistakes:
        hall.site = None


def _line(path: Path, key: str) -> int:
    """Where a key of the hall file stands; it was read just before."""
    try:
        return read_document(decode_text(path.read_bytes()), lambda _: "").line((key,))
    except (OSError, TextError):
        return 1
