"""The course's late policy: up to a day late costs 20 % of the score, up to two days 40 %, later 60 %."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.cli import UserError

DAY = timedelta(days=1)
SHARES = (0.0, 0.2, 0.4)  # of the score, for so many days late, begun ones counted
SHARE_BEYOND = 0.6


@dataclass(frozen=True)
class Lateness:
    """How late, in days begun, and the share of the score that it costs."""

    days: int = 0
    share: float = 0.0

    def penalty(self, score: float) -> float:
        """Points, not below zero."""
        return round(self.share * score, 2)

    def explain(self) -> str:
        """ "on time", or "2 days late: -40 %"."""
        if not self.days:
            return "on time"
        return f"{self.days} day{'s' if self.days > 1 else ''} late: -{self.share:.0%}".replace("%", " %")


def lateness(received: datetime | None, deadline: datetime | None) -> Lateness:
    """How late something is that came at `received`; on time where either is not known.

    Exactly at the deadline is on time, exactly 24 hours after it is one day late.
    """
    if received is None or deadline is None or received <= deadline:
        return Lateness()
    days = math.ceil((received - deadline) / DAY)
    return Lateness(days, SHARES[days] if days < len(SHARES) else SHARE_BEYOND)


def read_time(text: str) -> datetime:
    """A moment in ISO 8601 with its time zone: 2026-11-01T23:59+08:00. ValueError says what is wrong."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write it as 2026-11-01T23:59+08:00") from None
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2026-11-01T23:59+08:00")
    return time


def read_deadline(text: str | None) -> datetime | None:
    """The deadline of the command line. Errors: UserError."""
    try:
        return read_time(text) if text else None
    except ValueError as error:
        raise UserError(f"--deadline {error}") from error
