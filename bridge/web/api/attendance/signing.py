"""Who tells something, and paper forms: requests that were signed before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from bridge.domain.attendance.facts import Decision
from bridge.domain.errors import DecisionError, RuleError
from bridge.service.attendance.port import AttendancePort, FactKind, Known
from bridge.web.api.attendance.depends import Act, Level, Who
from bridge.web.idempotency import once
from bridge.web.problems import TITLES, ProblemError

DECIDED: Final = frozenset({FactKind.LEAVE, FactKind.CORRECTION})
"""What somebody must approve."""


class PaperForm(Act):
    """Who types it in; and who signed it, where somebody did."""

    approver: Who | None = None
    level: Level | None = None


def read_form(
    body: Mapping[str, Any], kind: FactKind
) -> tuple[PaperForm, dict[str, Any]]:
    """Who tells it and why, and what is told; raises `invalid-request`, `decision`.

    `approver` and `level` go with what must be approved; a correction's `reason`
    is its own as well.
    """
    model = PaperForm if kind in DECIDED else Act
    said = {name: body[name] for name in model.model_fields if name in body}
    try:
        act = model.model_validate(said)
    except ValidationError as error:
        raise RequestValidationError(
            [{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]
        ) from error
    form = PaperForm.model_validate(act.model_dump())
    if form.approver == form.by:
        raise DecisionError(
            f"{form.by} tells it and signs it; whoever asks does not decide"
        )
    own = {name: value for name, value in body.items() if name not in said}
    if kind is FactKind.CORRECTION and "reason" in body:
        own["reason"] = body["reason"]
    return form, own


async def sign(
    request: Request,
    attendance: AttendancePort,
    form: PaperForm,
    asked: Sequence[Known],
    idempotency_key: str | None,
) -> Sequence[Known]:
    """Write the approver's decision on what was asked; nothing without an approver.

    A problem of the decision names what waits now (`waiting`).
    """
    if form.approver is None:
        return asked
    decisions = [
        Decision(
            subject=known.id,
            approved=True,
            level=form.level or known.level or 1,
            note=f"纸质单据，由{form.by}录入",
        )
        for known in asked
    ]
    key = None
    if idempotency_key is not None:
        key = "signed-" + hashlib.sha256(idempotency_key.encode()).hexdigest()
    said = form.model_dump(mode="json")
    try:
        return await attendance.tell(
            decisions,
            by=form.approver,
            reason=form.reason,
            once=once(request, key, [said, [known.id for known in asked]]),
        )
    except RuleError as error:
        kind = error.problem if error.problem in TITLES else "rule"
        raise ProblemError(
            kind,
            f"{error}; it was asked for and waits for a decision",
            waiting=[known.id for known in asked],
        ) from error
