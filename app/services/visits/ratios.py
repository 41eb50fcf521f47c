"""Shares that never lie: with numerator and denominator, and no rate where there is nothing to divide by."""

from app.schemas.stats import Ratio


def ratio(numerator: int, denominator: int) -> Ratio:
    """The share; its rate is None where the denominator is 0."""
    rate = numerator / denominator if denominator else None
    return Ratio(numerator=numerator, denominator=denominator, rate=rate)
