"""With which posts an operation counts: those held now, and for what was seen earlier, those held then.

Somebody whose post has ended may still have a queue. What they saw and whom they visited while the post
held is taken for three days after its end, by the server's clock; the phone's time only narrows that. To
take a step on a ticket, change a visit or go on duty needs a post now; to read one's messages needs none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Forbidden
from app.models.enums.sync import OperationKind
from app.services.access import former_posts
from app.services.access.former_posts import FormerPost
from app.services.mobile.operations import Operation
from app.services.platform.actor import Actor, Dataset
from app.services.visits.destinations import VISITORS

GRACE = timedelta(days=3)
SEEN = frozenset({OperationKind.TICKET_REPORT, OperationKind.VISIT_RECORD})
_VISITS = frozenset({OperationKind.VISIT_RECORD, OperationKind.VISIT_CHANGE})
_DUTY = frozenset({OperationKind.CHECK_IN, OperationKind.CHECK_OUT})


class PostOver(Forbidden):
    """The post that it would have needed has ended."""

    code = "post_over"
    title_zh, title_en = "您的岗位已结束", "Your post has ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody with the posts of now, and those that ended within the grace."""

    actor: Actor
    former: Sequence[FormerPost]

    def for_(self, operation: Operation) -> Actor:
        """The actor in whose name an operation is carried out; `PostOver` or `Forbidden`."""
        actor = self.actor
        if operation.kind in SEEN:
            held = [post.grant for post in self.former if post.held_at(operation.happened_at)]
            actor = replace(actor, grants=(*actor.grants, *held))
        if _may(actor, operation.kind):
            return actor
        if not self.former:
            raise Forbidden("您的岗位不涉及这类数据", "Your posts do not open this data")
        ended = max(post.valid_to for post in self.former).astimezone(clock.BUSINESS_ZONE)
        raise PostOver(
            f"您的岗位已于 {ended:%Y-%m-%d %H:%M} 结束：三天内只补收任职期间的上报和走访，其他请交接给同事",
            "Your post has ended: for three days only reports and visits from its time are taken",
        )


async def of(session: AsyncSession, actor: Actor) -> Standing:
    """How somebody stands who sends a queue now."""
    if actor.member_id is None:
        raise Forbidden("只有网格员等工作人员可以同步", "Only people sync, not API clients")
    since = clock.now() - GRACE
    return Standing(actor, await former_posts.ended_since(session, member_id=actor.member_id, since=since))


def _may(actor: Actor, kind: OperationKind) -> bool:
    if kind is OperationKind.NOTIFICATION_READ:
        return True
    if kind in _VISITS:
        return not actor.roles.isdisjoint(VISITORS)
    return bool(actor.grants_of(Dataset.STAFF if kind in _DUTY else Dataset.TICKETS))
