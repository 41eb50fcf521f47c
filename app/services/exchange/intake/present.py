"""A third party's ticket as it goes back to its sender: codes, its own words, and the public reply.

Names, numbers and what people wrote among themselves never go out here; nor does the reply to a confidential
report, or to a client that is not given it (`api/withholding`).
"""

from app.core import notes
from app.schemas.intake import IntakeRead, IntakeResult
from app.schemas.types import Ref
from app.services.exchange.intake.pushing import Result, Taken


def ticket(taken: Taken) -> IntakeRead:
    """A ticket in full."""
    row, known = taken.ticket.row, taken.known
    told = None if row["confidential"] else row["outcome"]
    return IntakeRead(
        external_ref=known.ref,
        id=row["id"],
        no=row["no"],
        status=row["status"],
        status_word=taken.words.status(row["status"]),
        stage=row["stage"],
        category_code=row["category_code"],
        category_label=row["category_label"],
        sent_category_code=known.sent_category,
        urgency=row["urgency"],
        area=Ref(id=row["area_id"], name=row["area_name"]),
        reported_at=row["reported_at"],
        due_at=row["due_at"],
        reply_due_at=known.reply_due_at,
        resolved_at=row["resolved_at"],
        closed_at=row["closed_at"],
        resolution_type=row["resolution_type"],
        solved=row["solved"],
        satisfaction=row["satisfaction"],
        public_reply=told["public_reply"] if told else None,
        merged_into_id=row["merged_into_id"],
        version=row["version"],
    )


def result(found: Result, *, english: bool) -> IntakeResult:
    """What became of one item, its refusal in one of the two languages."""
    taken = found.taken
    if taken is None:
        problem = notes.told(found.problem, english=english) if found.problem else None
        return IntakeResult(external_ref=found.ref, outcome=found.outcome, problem=problem)
    row = taken.ticket.row
    return IntakeResult(
        external_ref=found.ref,
        outcome=found.outcome,
        id=row["id"],
        no=row["no"],
        status=row["status"],
        status_word=taken.words.status(row["status"]),
    )
