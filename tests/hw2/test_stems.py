"""Targets, outputs and what they are sums of."""

from __future__ import annotations

import pytest

from common.cli import UserError
from hw2_source_separation.stems import STEMS, members, outputs, require_targets


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (("vocals",), ("vocals", "accompaniment")),
        (("drums",), ("drums", "rest")),
        (("bass", "drums"), ("bass", "drums", "rest")),
        (STEMS, STEMS),
        (("other", "bass", "drums", "vocals"), ("other", "bass", "drums", "vocals")),
    ],
)
def test_outputs_are_targets_and_what_they_leave(targets, expected):
    require_targets(targets)
    assert outputs(targets) == expected
    covered = [stem for output in outputs(targets) for stem in members(output, targets)]
    assert sorted(covered) == sorted(STEMS)  # each stem once: the outputs add up to the mixture


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ((), "give one or several different stems"),
        (("vocals", "vocals"), "give one or several different stems"),
        (("mixture",), "--targets mixture: no such stem; choose among vocals, drums, bass, other"),
    ],
)
def test_targets_that_make_no_sense(targets, message):
    with pytest.raises(UserError, match=message):
        require_targets(targets)
