"""Cutting a byte stream into frames: bounded, resynchronising, counting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


@dataclass(frozen=True, slots=True)
class Found(Generic[Frame]):
    """A frame at the head of the buffer; `size` bytes belong to it."""

    frame: Frame
    size: int


@dataclass(frozen=True, slots=True)
class Skip:
    """The first `size` bytes belong to no frame, for this reason."""

    size: int
    reason: str


class NeedMore:
    """The buffer may hold the beginning of a frame."""


NEED_MORE = NeedMore()


class Framer(ABC, Generic[Frame]):
    """Bytes in, frames out; what fits no frame is skipped and counted.

    A subclass says what stands at the head of a buffer (`scan`); this class
    keeps the buffer bounded by `max_frame` and resynchronises. The same framer
    serves the driver and the simulator.
    """

    max_frame: int = 4096

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.skipped_bytes = 0
        """Bytes that belonged to no frame, since the framer was made."""
        self.errors = 0
        """Runs of skipped bytes: one a bad frame or a burst of noise."""
        self.last_error = ""
        """Why bytes were skipped last, for a technician."""
        self._in_noise = False

    @abstractmethod
    def scan(self, buffer: bytearray) -> Found[Frame] | Skip | NeedMore:
        """Tell what stands at the head of `buffer` (never empty)."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they came, in any portions; give the frames they end."""
        self._buffer += data
        frames: list[Frame] = []
        while self._buffer:
            match self.scan(self._buffer):
                case Found(frame=frame, size=size):
                    frames.append(frame)
                    del self._buffer[:size]
                    self._in_noise = False
                case Skip(size=size, reason=reason):
                    self._skip(size, reason)
                case _ if len(self._buffer) > self.max_frame:
                    self._skip(1, f"no frame in {self.max_frame} bytes")
                case _:
                    break
        return frames

    def reset(self) -> None:
        """Forget a half received frame (line reopened, silence inside a frame)."""
        self._buffer.clear()
        self._in_noise = False

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete yet."""
        return len(self._buffer)

    def _skip(self, size: int, reason: str) -> None:
        del self._buffer[:size]
        self.skipped_bytes += size
        self.last_error = reason
        if not self._in_noise:
            self.errors += 1
            self._in_noise = True
