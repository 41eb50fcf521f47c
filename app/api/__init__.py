"""FastAPI glue: sessions, who is calling, problems, paging, ETags, idempotency."""
