"""Checksums of the wire protocols."""

from __future__ import annotations


def sum8(data: bytes) -> int:
    """Sum of all bytes modulo 256."""
    return sum(data) & 0xFF


def xor8(data: bytes) -> int:
    """Exclusive or of all bytes."""
    result = 0
    for byte in data:
        result ^= byte
    return result


def _crc16_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ polynomial if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_ARC_TABLE = _crc16_table(0xA001)


def crc16_arc(data: bytes, crc: int = 0) -> int:
    """CRC-16/ARC: 0x8005 reflected, init 0; check("123456789") is 0xBB3D."""
    for byte in data:
        crc = (crc >> 8) ^ _ARC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def ones_complement16(data: bytes) -> int:
    """Ones' complement of the end-around-carry sum of LE 16-bit words.

    Odd lengths are padded with a zero byte.
    """
    if len(data) % 2:
        data += b"\0"
    total = sum(
        int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)
    )
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
