"""Wangge 网格: the grid-governance backend; `docs/architecture.md` says how it is laid out."""
