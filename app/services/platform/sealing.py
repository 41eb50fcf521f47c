"""Personal numbers as columns: sealed, with a blind index and the last four digits.

Every table that keeps such a number has the same three columns with one prefix. The number must be in its
plain form already, because equal numbers must have equal indexes. Showing them is the masks' business.
"""

from app.core.crypto import Vault


def sealed_columns(prefix: str, number: str | None, vault: Vault) -> dict[str, bytes | str | None]:
    """`<prefix>_sealed`, `_index` and `_last4` of a number; all None without one."""
    return {
        f"{prefix}_sealed": vault.seal(number) if number else None,
        f"{prefix}_index": vault.index(number) if number else None,
        f"{prefix}_last4": number[-4:] if number else None,
    }
