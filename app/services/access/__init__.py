"""The access wing: accounts, sign-in, sessions, roles and data scopes, API tokens."""
