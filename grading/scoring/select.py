"""Of all metrics those that a rubric or a reader of grades asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ENDS = ("", "_low", "_high", "_group_low", "_group_high")


def selected(metrics: Mapping[str, Any], keys: Sequence[str], alone: Sequence[str] = ()) -> dict[str, Any]:
    """The metrics `keys` with their intervals, where they have any, and `alone` without."""
    wanted = [key + end for key in keys for end in ENDS] + list(alone)
    return {key: metrics[key] for key in wanted if key in metrics}
