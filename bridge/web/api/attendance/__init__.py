"""Attendance over REST, one module a concern."""

from __future__ import annotations

from bridge.web.api.attendance import (
    clocks,
    days,
    decisions,
    imports,
    lists,
    months,
    preview,
)
from bridge.web.routes import Routes

router = Routes(tags=["attendance"])
# `corrections/bulk` and `months/{month}.xlsx` stand before what would match them.
router.include(days.router)
router.include(months.router)
router.include(decisions.router)
router.include(clocks.router)
router.include(preview.router)
router.include(imports.router)
router.include(lists.list_router())
