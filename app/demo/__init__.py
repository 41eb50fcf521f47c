"""The demo town: its content, its loader, its tour, and the command that serves it."""
