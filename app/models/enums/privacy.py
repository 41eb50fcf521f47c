"""Personal data: how sensitive a field is, why somebody may look at the plain value, and whose it is."""

from enum import StrEnum


class FieldClass(StrEnum):
    """How much a field tells of somebody.

    P0 public by regulation (grids, workers and their work phones), P1 internal (addresses in the area
    tree, counts, what describes without pointing at anybody), P2 personal (name, phone, address of a
    person), P3 sensitive (identity number, birth date, health, disability, minors).
    """

    P0 = "p0"
    P1 = "p1"
    P2 = "p2"
    P3 = "p3"


class Leaves(StrEnum):
    """How a field leaves: masked, withheld from those who may not know, seen with its record, or logged.

    What is logged leaves plain, by a call with a reason.
    """

    MASKED = "masked"
    WITHHELD = "withheld"
    SEEN = "seen"
    LOGGED = "logged"


class UnmaskReason(StrEnum):
    """Why the plain value is needed."""

    CONTACT = "contact"
    VERIFY = "verify"
    VISIT = "visit"
    EMERGENCY = "emergency"
    HANDLING = "handling"
    CALL_BACK = "call_back"
    DATA_REQUEST = "data_request"
    EXPORT = "export"


class PersonalRecord(StrEnum):
    """Kinds of record whose fields can be unmasked."""

    RESIDENT = "resident"
    HOUSEHOLD = "household"
    ROOM = "room"
    PLACE = "place"
    TICKET_CONTACT = "ticket_contact"
    DATA_REQUEST = "data_request"
    EXPORT = "export"


class ResidentField(StrEnum):
    """Masked fields of a resident."""

    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    BIRTH_ON = "birth_on"
    HUKOU_PLACE = "hukou_place"
    WORKPLACE = "workplace"
    HOME_ADDRESS = "home_address"


class HouseholdField(StrEnum):
    """Masked fields of a household: its present head's."""

    HEAD_NAME = "head_name"
    HEAD_PHONE = "head_phone"


class RoomField(StrEnum):
    """Masked fields of a room: its owner's."""

    OWNER_NAME = "owner_name"
    OWNER_PHONE = "owner_phone"


class PlaceField(StrEnum):
    """Masked fields of a place: its contact's."""

    CONTACT_NAME = "contact_name"
    CONTACT_PHONE = "contact_phone"


class ContactField(StrEnum):
    """Masked fields of a ticket's contact."""

    NAME = "name"
    PHONE = "phone"


class DataRequestKind(StrEnum):
    """What somebody may ask about their own data: a copy, a correction, its erasure."""

    ACCESS = "access"
    CORRECT = "correct"
    DELETE = "delete"


class DataRequestState(StrEnum):
    """Where such a request stands."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class DataRequestAction(StrEnum):
    """What can be done with such a request."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    CARRY_OUT = "carry_out"


class IdentityCheck(StrEnum):
    """How it was made sure that the person is who they say."""

    ID_CARD = "id_card"
    KNOWN = "known"
    GUARDIAN = "guardian"
    PROXY = "proxy"
