"""The visits wing: plans, visits, the opinions heard there, what is due next, and the day's log."""
