"""A year of tickets for the towns that a demo has: how many where, when reported, in batches for COPY.

Bounded memory: a town's people are read when its turn comes, and rows leave in batches. Numbers follow the
moments of reporting over all towns, as if they had been drawn from the sequence one after the other.
"""
