"""Sync, to-do and messages: what the phone needs besides the wings it works with."""
