"""Ids of the hall file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from devices.topics import ID_PATTERN

Id = Annotated[str, Field(pattern=ID_PATTERN)]
"""An id that becomes a topic level."""
