"""Tables of what came of a ticket: the handler's result, revisits, evaluations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Keyed, one_of
from app.models.enums import EvaluatedBy, ResolutionType, RevisitMethod, Satisfaction, Solved


class Revisit(Keyed, Base):
    """One attempt to ask the person who complained; without an agent they answered by themselves."""

    __tablename__ = "revisit"
    __table_args__ = (
        one_of("method", RevisitMethod),
        one_of("solved", Solved),
        one_of("satisfaction", Satisfaction),
        Index("ix_revisit_ticket_id", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    at: Mapped[datetime]
    method: Mapped[str]
    reached: Mapped[bool]
    solved: Mapped[str | None]
    satisfaction: Mapped[str | None]


class Evaluation(Keyed, Base):
    """What somebody thinks of the outcome."""

    __tablename__ = "evaluation"
    __table_args__ = (
        one_of("evaluated_by", EvaluatedBy),
        one_of("satisfaction", Satisfaction),
        one_of("solved", Solved),
        Index("ix_evaluation_ticket_id", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    by_member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"), index=True)
    evaluated_by: Mapped[str]
    satisfaction: Mapped[str]
    solved: Mapped[str | None]
    at: Mapped[datetime]


class TicketOutcome(Base):
    """What the handler wrote of the result, one row a round, apart from the timeline."""

    __tablename__ = "ticket_outcome"
    __table_args__ = (one_of("resolution_type", ResolutionType),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    resolution_type: Mapped[str]
    measures: Mapped[str]
    public_reply: Mapped[str]
    at: Mapped[datetime]
