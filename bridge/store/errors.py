"""What can be wrong with the store. Each message says what to do."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be used."""


class StoreInUseError(StoreError):
    """Another process has the store open."""


class StoreCorruptError(StoreError):
    """The database is damaged. It is never replaced by an empty one."""
