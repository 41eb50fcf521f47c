"""The registry wing: households and residents, and their personal data."""
