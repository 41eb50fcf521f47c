"""The lowest floor: knows no domain word (clock, crypto, database, errors, logging, paging)."""
