"""The staff wing: organisations, members, posts."""
