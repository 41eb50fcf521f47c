"""The code lists that a phone keeps: the workflow's words and the closed vocabularies of its forms.

They belong to a release, so their versions are digests of their contents, worked out once. Categories are
rows that people change; they have versions of their own (`category_revision`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import CareLevel, HouseholdType, ResidenceStatus, Urgency
from app.models.enums.visit import OpinionOutcome, VisitLack, VisitMode, VisitResult, VisitType
from app.models.routing import CategoryRevision
from app.models.ticket import Category
from app.schemas.feed import CategoryItem, CodeList
from app.services.tickets import commands, workflow
from app.services.tickets.labels import ACTION_ZH, ROLE_ZH, STAGE_ZH, STATUS_ZH

# A version is written before its transaction commits; none takes longer.
LATEST_COMMIT = timedelta(minutes=10)
_LABELLED: Mapping[str, Mapping[Any, str]] = MappingProxyType(
    {"status": STATUS_ZH, "stage": STAGE_ZH, "role": ROLE_ZH}
)
_PLAIN = (
    ("urgency", Urgency),
    ("care_level", CareLevel),
    ("household_type", HouseholdType),
    ("residence_status", ResidenceStatus),
    ("visit_type", VisitType),
    ("visit_mode", VisitMode),
    ("visit_result", VisitResult),
    ("visit_lack", VisitLack),
    ("opinion_outcome", OpinionOutcome),
)


@cache
def lists() -> Mapping[str, CodeList]:
    """Every code list of this release, by name."""
    found: dict[str, list[dict[str, Any]]] = {
        name: [{"code": code.value, "label": label} for code, label in labels.items()]
        for name, labels in _LABELLED.items()
    }
    found["action"] = [
        {"code": action.value, "label": ACTION_ZH[action], "needs": _needs(action)}
        for action in commands.ACTIONS
    ]
    found |= {name: [{"code": code.value} for code in codes] for name, codes in _PLAIN}
    return {name: CodeList(version=_version(values), values=values) for name, values in found.items()}


@cache
def versions() -> Mapping[str, str]:
    """The version of every code list."""
    return {name: codes.version for name, codes in lists().items()}


def newer(held: Mapping[str, str]) -> dict[str, CodeList] | None:
    """The lists that a phone with these versions lacks; None when it has them all."""
    if held == versions():
        return None
    return {name: codes for name, codes in lists().items() if held.get(name) != codes.version}


async def categories(session: AsyncSession, *, since: datetime | None) -> Sequence[CategoryItem]:
    """All categories, or those changed since an instant, by code."""
    statement = select(Category).order_by(Category.code)
    if since is not None:
        touched = CategoryRevision.changed_at > since - LATEST_COMMIT
        statement = statement.where(Category.code.in_(select(CategoryRevision.category_code).where(touched)))
    return [CategoryItem.model_validate(row) for row in await session.scalars(statement)]


def _needs(action: Any) -> list[dict[str, Any]]:
    told = []
    for need in workflow.needs_of(action):
        values = commands.values_of(need.kind)
        entry = {"field": need.field, "kind": need.kind.value, "required": need.required}
        told.append({**entry, "values": values} if values else entry)
    return told


def _version(values: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]
