"""A simulated device on the line of another one."""

from __future__ import annotations

from simulators.hosting.hub import Hub
from simulators.hosting.wires.wire import Wire


class RidingWire(Wire):
    """Joins a device to another one's line. One session while plugged in.

    Its plug is its own: the others on the line do not notice.
    """

    def __init__(self, hub: Hub, carrier: Hub, line: Wire) -> None:
        super().__init__(hub)
        self._carrier = carrier
        self._line = line
        self._tap: _Tap | None = None

    @property
    def url(self) -> str:
        """Where the line is."""
        return self._line.url

    @property
    def plugged(self) -> bool:
        """Whether it is on a line that can be reached."""
        return self._tap is not None and self._line.plugged

    async def plug(self) -> None:
        """Hear the line."""
        if self._tap is None:
            self._tap = _Tap(self.hub, self._carrier)

    async def unplug(self) -> None:
        """Hear it no more."""
        tap, self._tap = self._tap, None
        if tap is not None:
            tap.end()


class _Tap:
    datagrams = False

    def __init__(self, hub: Hub, carrier: Hub) -> None:
        self._hub = hub
        self._carrier = carrier
        self._session = hub.open(self)
        carrier.riders.append(self._hear)

    def write(self, data: bytes) -> None:
        self._carrier.say(data)

    def close(self) -> None:
        """A line stays when a device on it fails: it starts anew."""
        self._session = self._hub.open(self)

    def end(self) -> None:
        self._carrier.riders.remove(self._hear)
        self._hub.closed(self._session)

    def _hear(self, data: bytes) -> None:
        self._hub.received(self._session, data)
