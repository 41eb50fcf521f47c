"""The bench: what this machine can do at most, and how much of it each operation leaves."""
