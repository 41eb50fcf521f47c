"""The lowest wing: who is asking, calendars, audit, idempotency, the outbox, attachments."""
