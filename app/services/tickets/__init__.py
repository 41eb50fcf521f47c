"""Tickets: the workflow table, the loop from report to close, categories, routing and clocks."""
