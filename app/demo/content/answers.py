"""What staff write while a ticket goes round: opinions, reasons, resolutions, replies and revisits.

Texts are data (`data/opinions.txt`, `resolutions.txt`). A resolution is looked up by the words of
the title in its leaf category, then by class, then for any category. Codes are those of the closed
vocabularies.
"""

from functools import cache
from random import Random
from typing import NamedTuple

from app.demo.content.complaints import (
    PUBLIC_SOURCES,
    TicketText,
    category_profiles,
    profile,
)
from app.demo.content.departments import lines_mistaken_for, spoken_lines
from app.demo.content.tables import grouped, pick, rows
from app.models.enums import (
    Action,
    EscalateReason,
    EventSource,
    RejectReason,
    ResolutionType,
    ReturnReason,
    Satisfaction,
    SuspendReason,
    VoidReason,
)
from app.services.tickets.category_list import CATEGORIES

__all__ = [
    "DeclineText",
    "ResolutionText",
    "decline",
    "delay",
    "escalation",
    "opinion",
    "rejection",
    "resolution",
    "return_for_info",
    "revisit_opinion",
    "satisfaction",
    "void_opinion",
]

_ANY = "*"
_REPLIES_TO_REPORTER = (
    "您好，您反映的{label}事项已由{line}办理：{done}感谢您对网格工作的支持。",
    "您好，关于您反映的{label}事项，现答复如下：{done}如有疑问可联系所在村居。",
    "您好，您的诉求已办理：{done}感谢您的监督。",
)
_PUBLIC_NOTES = (
    "{label}事项已由{line}办理：{done}",
    "网格发现的{label}事项办理情况：{done}",
)
_SEEN_BY_STAFF = frozenset(
    {
        EventSource.GRID_PATROL,
        EventSource.INSPECTION,
        EventSource.LEADER_WALK,
        EventSource.VIDEO,
    }
)
_NEEDS_A_CALLER = frozenset(
    {ResolutionType.UNTRUE, ResolutionType.UNREACHABLE, ResolutionType.SELF_WITHDRAWN}
)


class DeclineText(NamedTuple):
    """A request to hand a ticket back: why, on what basis, and which line should have it."""

    reason: ReturnReason
    basis: str
    proper_line: str


class ResolutionText(NamedTuple):
    """What came of a ticket: for the file, and for the person who reported."""

    resolution_type: ResolutionType
    text: str
    public_reply: str


def opinion(rng: Random, action: Action) -> str:
    """Words that go with an action without a reason; KeyError for one that needs a reason."""
    return pick(rng, _opinions()[action])


def return_for_info(rng: Random) -> tuple[ReturnReason, str]:
    """Why a report goes back to its reporter, and the words."""
    reason, text = _with_reason(rng, Action.RETURN_FOR_INFO)
    return ReturnReason(reason), text


def rejection(rng: Random) -> tuple[RejectReason, str]:
    """Why a report is not accepted, and the words."""
    reason, text = _with_reason(rng, Action.REJECT)
    return RejectReason(reason), text


def void_opinion(rng: Random) -> tuple[VoidReason, str]:
    """Why a ticket is taken out of the figures, and the words."""
    reason, text = _with_reason(rng, Action.VOID)
    return VoidReason(reason), text


def decline(rng: Random, line: str) -> DeclineText:
    """A decline by the line that was asked, naming another line as the proper one."""
    proper = pick(rng, lines_mistaken_for()[line])
    reason, text = _with_reason(rng, Action.DECLINE)
    return DeclineText(ReturnReason(reason), text.format(line=spoken_lines()[proper]), proper)


def delay(rng: Random, action: Action) -> tuple[SuspendReason, str]:
    """Why a handler asks for more time, or to suspend (`action` says which), and the words."""
    reason, text = _with_reason(rng, action)
    return SuspendReason(reason), text


def escalation(rng: Random) -> tuple[EscalateReason, str]:
    """Why a ticket goes to the next level, and the words."""
    reason, text = _with_reason(rng, Action.ESCALATE)
    return EscalateReason(reason), text


def resolution(rng: Random, report: TicketText, kind: ResolutionType | None = None) -> ResolutionText:
    """What came of a report, of that kind or of one that is usual for its category."""
    traits = category_profiles()[report.category]
    found = kind or _usual_outcome(rng, report.source, traits.outcome)
    done = pick(rng, _resolutions(report.category, report.topic, found))
    replies = _REPLIES_TO_REPORTER if report.source in PUBLIC_SOURCES else _PUBLIC_NOTES
    label, line = _labels()[report.category], spoken_lines()[report.line]
    return ResolutionText(found, done, pick(rng, replies).format(label=label, line=line, done=done))


def satisfaction(rng: Random) -> Satisfaction:
    """How content the person is, by the usual shares."""
    return pick(rng, _satisfactions())


def revisit_opinion(rng: Random, answer: Satisfaction) -> str:
    """What the revisit agent notes for that answer; KeyError for `unevaluated`, which is no answer."""
    return pick(rng, _opinions()[f"{Action.REVISIT}.{answer}"])


def _with_reason(rng: Random, action: Action) -> tuple[str, str]:
    reason = pick(rng, profile(f"{action}.reason"))
    return reason, pick(rng, _opinions()[f"{action}.{reason}"])


def _usual_outcome(rng: Random, source: EventSource, name: str) -> ResolutionType:
    """By the shares of the profile; what staff saw themselves is neither untrue nor withdrawn."""
    outcome = pick(rng, _outcomes(name))
    if source in _SEEN_BY_STAFF and outcome in _NEEDS_A_CALLER:
        return ResolutionType.SOLVED
    return outcome


@cache
def _outcomes(name: str) -> tuple[ResolutionType, ...]:
    return tuple(ResolutionType(value) for value in profile(f"outcome.{name}"))


@cache
def _opinions() -> dict[str, tuple[str, ...]]:
    return grouped((key, text) for key, text in rows("opinions.txt"))


@cache
def _resolutions(category: str, topic: str, kind: ResolutionType) -> tuple[str, ...]:
    """The texts for the topic, else those for any topic, of the nearest code that has some."""
    for code in (category, category[:2], _ANY):
        texts = _resolution_texts().get(f"{code}.{kind}", ())
        fitting = tuple(text for text, words in texts if any(word in topic for word in words))
        general = tuple(text for text, words in texts if not words)
        if fitting or general:
            return fitting or general
    message = f"no text for {kind} of {category}"
    raise KeyError(message)


@cache
def _resolution_texts() -> dict[str, tuple[tuple[str, list[str]], ...]]:
    return grouped(
        (f"{code}.{kind}", (text, words.split())) for code, kind, text, words in rows("resolutions.txt")
    )


@cache
def _labels() -> dict[str, str]:
    """What a leaf is called in a sentence; `其他` goes by the name of its class."""
    names = {row.code: row.label_zh for row in CATEGORIES}
    return {code: names[code[:2]] if code.endswith("99") else label for code, label in names.items()}


@cache
def _satisfactions() -> tuple[Satisfaction, ...]:
    return tuple(Satisfaction(value) for value in profile("satisfaction.any"))
