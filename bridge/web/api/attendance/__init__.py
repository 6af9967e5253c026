"""Attendance over REST, one module a concern."""

from __future__ import annotations

from fastapi import APIRouter

from bridge.web.api.attendance import (
    clocks,
    days,
    decisions,
    imports,
    lists,
    months,
    preview,
)

router = APIRouter(tags=["attendance"])
# `corrections/bulk` and `months/{month}.xlsx` stand before what would match them.
router.include_router(days.router)
router.include_router(months.router)
router.include_router(decisions.router)
router.include_router(clocks.router)
router.include_router(preview.router)
router.include_router(imports.router)
router.include_router(lists.list_router())
