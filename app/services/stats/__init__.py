"""The stats wing: figures of the caller's scope."""
