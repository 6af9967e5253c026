"""Whether the hall's texts fit a screen, told when the hall file is checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devices.displays import DisplayKeys
from devices.site import DeviceEntry, Site, SiteError
from devices.textfit import Fit, encode_gbk, fit
from drivers.displays.keys import ScreenParameters


def advise(
    device: DeviceEntry, parameters: ScreenParameters, site: Site
) -> Sequence[SiteError]:
    """One warning for each text that scrolls or cannot be written in GBK."""
    height = parameters.height // parameters.lines
    found = []
    for key, text, is_line in _texts(device, parameters, site):
        room = height if is_line else parameters.height
        message = _judge(text, parameters.width, room, parameters.dots)
        if message:
            found.append(SiteError((key,), message))
    return found


def check_height(parameters: ScreenParameters) -> None:
    """Want lines that stand on the screen; raises `SiteError`."""
    if parameters.dots * parameters.lines > parameters.height:
        raise SiteError(
            ("font_size",),
            f"{parameters.lines} lines of {parameters.dots} dots do not fit "
            f"{parameters.height} pixels",
        )


def _judge(text: str, width: int, height: int, dots: int) -> str:
    lost = encode_gbk(text, newline=b"\n").lost
    if lost:
        return f"{text!r} has characters that GBK lacks: {lost!r}; they show as ?"
    if height < dots:
        return (
            f"{dots} dots do not fit lines of {height} pixels; make `lines` fewer, "
            "`height` larger or the font smaller"
        )
    if fit(text, width=width, height=height, font_size=dots) is not Fit.SCROLL:
        return ""
    size = max(len(line.encode("gbk")) for line in text.split("\n"))
    room, rows = width * 2 // dots, height // dots
    lines = f"{rows} lines of {room}" if rows > 1 else f"{room}"
    return (
        f"{text!r} is {size} half characters wide, {lines} fit {width}x{height} "
        f"pixels at {dots} dots: it will scroll; a shorter text stands still"
    )


def _texts(
    device: DeviceEntry, keys: DisplayKeys, site: Site
) -> Iterator[tuple[str, str, bool]]:
    """Key, the longest text that it makes, and whether it stands in one line."""
    own = [
        counter
        for counter in site.counters
        if device.counter in {None, counter.id} and device.area in {None, counter.area}
    ]
    prefixes = [
        service.prefix
        for service in site.services
        if any(service.id in counter.service_ids for counter in own)
    ]
    number = f"{max(prefixes, key=len, default='A')}001"
    counter = max((counter.number for counter in own), default=1)
    template = site.queue.call_text if keys.call_text is None else keys.call_text
    yield "call_text", template.format(number=number, counter=counter), True
    idle = site.queue.idle_text if keys.idle_text is None else keys.idle_text
    yield "idle_text", idle, False
    pause = site.queue.pause_text if keys.pause_text is None else keys.pause_text
    yield "pause_text", pause, False
