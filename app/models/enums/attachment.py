"""What is attached to the records of the town: kinds of files, and what each is to show."""

from enum import StrEnum


class AttachmentKind(StrEnum):
    """What sort of file it is, by its content."""

    PHOTO = "photo"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"


class AttachmentPurpose(StrEnum):
    """What a file shows in the step that it belongs to."""

    BEFORE = "before"
    AFTER = "after"
    EVIDENCE = "evidence"
    OTHER = "other"
