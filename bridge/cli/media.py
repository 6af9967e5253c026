"""The media folders of a hall file's screens, checked with it."""

from __future__ import annotations

from pathlib import Path

from bridge.cli.hallfile import HallFile
from bridge.cli.mistakes import Mistake
from bridge.cli.positions import TextError, decode_text, read_document
from bridge.service.media import read_album


def check_media(hall: HallFile) -> None:
    """Add warnings: a screen shows what there is, and its calls in any case."""
    if hall.site is None:
        return
    for index, screen in enumerate(hall.site.screens):
        if screen.media is None:
            continue
        for fault in read_album(Path(screen.media)).faults:
            hall.warnings.append(
                Mistake(
                    file=str(hall.path),
                    line=_line(hall.path, index),
                    key=f"screens[{index}].media",
                    message=fault,
                )
            )


def _line(path: Path, index: int) -> int:
    """Where a screen's folder is named; the file was read just before."""
    try:
        document = read_document(decode_text(path.read_bytes()), lambda _: "")
        return document.line(("screens", index, "media"))
    except (OSError, TextError):
        return 1
