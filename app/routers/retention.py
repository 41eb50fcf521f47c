"""Retention rules: after how many days what nobody needs any more is forgotten."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api import etags
from app.api.actors import Admin, RetentionReader
from app.api.etags import IfMatch
from app.api.sessions import Session
from app.schemas.retention import RetentionRulePatch, RetentionRuleRead, RetentionRules
from app.services.privacy import retention

router = APIRouter(prefix="/v1/retention-rules", tags=["privacy"])


@router.get("", summary="保存期限规则", operation_id="retention_rules_list")
async def retention_rules_list(session: Session, _actor: RetentionReader) -> RetentionRules:
    """Every rule, with what its last run forgot."""
    return RetentionRules.model_validate({"items": await retention.rules(session)})


@router.patch("/{rule_id}", summary="修改保存期限", operation_id="retention_rule_change")
async def retention_rule_change(
    session: Session,
    actor: Admin,
    rule_id: UUID,
    body: RetentionRulePatch,
    response: Response,
    if_match: IfMatch = None,
) -> RetentionRuleRead:
    """Change after how many days this kind of data is forgotten, or switch the rule off."""
    rule = await retention.change(
        session,
        actor=actor,
        rule_id=rule_id,
        patch=body,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(rule.version)
    return RetentionRuleRead.model_validate(rule)
