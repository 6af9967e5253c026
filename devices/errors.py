"""Errors that say whose fault it is and whether trying again can heal it."""

from __future__ import annotations


class DeviceError(Exception):
    """Something between us and a device failed.

    The message names what was seen and what to do next; the supervisor adds
    the device's id.
    """


class TransportError(DeviceError):
    """The line or the connection failed; trying again may heal it."""


class ProtocolError(DeviceError):
    """The device said something that its protocol does not allow."""


class FrameError(ProtocolError):
    """Bytes that are no frame: bad checksum, length or tail."""


class CommandRejectedError(DeviceError):
    """The device, or its driver, understood a command and refused it.

    `code` is a short stable word for programs, the message is for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CommandTimeoutError(DeviceError):
    """The device did not answer a command in time."""


class MisuseError(DeviceError):
    """Our own caller asked for something that cannot be; a bug of ours."""


class ConfigurationError(DeviceError):
    """The hall file asks for something that no retry will heal."""
