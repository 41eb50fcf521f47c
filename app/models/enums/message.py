"""What people are told and how: categories of messages, channels besides the app, tasks of the to-do."""

from enum import StrEnum


class MessageCategory(StrEnum):
    """What a message is to its receiver; rules of escalation go by it."""

    TASK = "task"
    LIMIT = "limit"
    CARD = "card"
    ANSWER = "answer"
    REGISTRY = "registry"


class Channel(StrEnum):
    """A way to reach somebody who does not look into the app."""

    WECOM = "wecom"
    MAIL = "mail"
    SMS = "sms"


class DeliveryState(StrEnum):
    """What became of an attempt to reach somebody through a channel."""

    WAITING = "waiting"
    SENT = "sent"
    READ_BEFORE = "read_before"
    NO_ADDRESS = "no_address"
    NO_CHANNEL = "no_channel"
    FAILED = "failed"


class PushProvider(StrEnum):
    """Whose service carries a push to a phone."""

    UNI_PUSH = "uni_push"
    HUAWEI = "huawei"
    HONOR = "honor"
    XIAOMI = "xiaomi"
    OPPO = "oppo"
    VIVO = "vivo"
    APNS = "apns"


class Task(StrEnum):
    """What somebody has to do now, as the badges of the app count it."""

    TO_SUPPLEMENT = "to_supplement"
    TO_ACCEPT = "to_accept"
    TO_ROUTE = "to_route"
    TO_APPROVE = "to_approve"
    TO_DECIDE = "to_decide"
    TO_SIGN = "to_sign"
    TO_HANDLE = "to_handle"
    TO_HELP = "to_help"
    TO_ANSWER = "to_answer"
    TO_REVISIT = "to_revisit"
    TO_CLOSE = "to_close"
    OVERDUE = "overdue"
    VISITS_DUE = "visits_due"
    CARE_DUE = "care_due"
    TRANSFERS_IN = "transfers_in"
