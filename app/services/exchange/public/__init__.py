"""The public without an account: services open to it, reports and how they are followed, answers, moderation.

Open311 and `/v1/public` are two doors to the same.
"""
