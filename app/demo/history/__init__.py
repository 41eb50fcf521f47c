"""The demo's past year of tickets: how many, how far each came, and its story as the service keeps it."""
