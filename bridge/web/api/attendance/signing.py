"""Who tells something, and paper forms: requests that were signed before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from bridge.domain.errors import DecisionError
from bridge.service.attendance.facts.kinds import DECIDED
from bridge.service.attendance.port import Signed
from bridge.service.attendance.told import FactKind
from bridge.web.api.attendance.depends import Act, Level, Who


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


def signatures(form: PaperForm, count: int = 1) -> Mapping[int, Signed]:
    """Whose signature each of the facts has; none without an approver."""
    if form.approver is None:
        return {}
    note = f"纸质单据，由{form.by}录入"
    paper = Signed(by=form.approver, level=form.level, note=note)
    return dict.fromkeys(range(count), paper)
