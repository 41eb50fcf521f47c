"""Use cases and their SQL, one package for each wing; nothing here knows HTTP."""
