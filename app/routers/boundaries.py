"""Boundaries of grids as one GeoJSON collection: what is wrong with them, and writing them."""

from fastapi import APIRouter, Depends

from app.api.actors import Admin
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.boundary import BoundaryFinding, BoundaryReport, BoundarySet
from app.services.areas import boundary_sets
from app.services.areas.boundary_check import FindingKind

PATH = "/v1/grids/boundaries"
router = APIRouter(
    prefix="/v1/grids", tags=["areas"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.post(PATH.removeprefix("/v1/grids"), summary="批量检查或写入网格边界", operation_id="boundaries_take")
async def boundaries_take(session: Session, actor: Admin, body: BoundarySet) -> BoundaryReport:
    """Tell crossings, overlaps, holes and what lies outside; write with `apply` when nothing is wrong."""
    report = await boundary_sets.take(
        session,
        actor=actor,
        features=body.collection.features,
        apply=body.apply,
        allowed=frozenset(map(FindingKind, body.allow)),
    )
    findings = [BoundaryFinding.model_validate(finding) for finding in report.findings]
    return BoundaryReport(applied=report.applied, findings=findings)
