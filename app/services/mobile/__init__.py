"""The phone: what it did without a network, and what changed meanwhile."""
