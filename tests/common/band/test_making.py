"""What makers share: lengths that add up, tunes dealt once, 16 bits whose sum is exact."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from common.band import making
from common.band.making import deal_tunes, draw_durations, first_tune, quantize, shuffled_tunes
from common.band.tunes import TuneError, catalog, split_of


def test_durations_add_up():
    durations = draw_durations(np.random.default_rng(0), 600.0, (20.0, 40.0))
    assert len(durations) == 20 and sum(durations) == pytest.approx(600.0)
    assert draw_durations(np.random.default_rng(0), 5.0, (20.0, 40.0)) == [pytest.approx(5.0)]


def test_all_tunes_of_a_split_come_once():
    tunes = list(shuffled_tunes(np.random.default_rng(0), "test"))
    assert sorted(tunes) == [source for source in catalog() if split_of(source) == "test"]


def test_collections_come_by_their_shares():
    tunes = list(shuffled_tunes(np.random.default_rng(0), "train", shares={"bach": 1.0, "airdsAirs": 3.0}))
    counts = Counter(source.collection for source in tunes[:200])
    assert set(counts) == {"bach", "airdsAirs"}
    assert counts["airdsAirs"] == pytest.approx(150, abs=25)


def test_no_tune_is_dealt_twice():
    dealt = deal_tunes(catalog()[:20], 3, split="train")
    assert [len(tunes) for tunes in dealt] == [7, 7, 6]
    assert len({tune for tunes in dealt for tune in tunes}) == 20
    with pytest.raises(ValueError, match="test has 2 tunes for 3 tracks; ask for fewer minutes"):
        deal_tunes(catalog()[:2], 3, split="test")


def test_a_tune_that_cannot_be_used_is_passed_over(monkeypatch):
    sources = catalog()[:4]

    def read(source):
        if source != sources[2]:
            raise TuneError(f"{source}: too short; choose another tune")
        return source

    monkeypatch.setattr(making, "read_tune", read)
    assert first_tune(sources) == sources[2]
    with pytest.raises(TuneError, match="too short"):
        first_tune(sources[:2])


def test_stems_that_do_not_fit_into_16_bits_are_refused():
    stems = np.full((2, 1, 10), 0.4, np.float32)
    np.testing.assert_array_equal(quantize(stems), np.full((2, 1, 10), 13107))
    with pytest.raises(ValueError, match="must stay below 1, got a peak of 1.2"):
        quantize(1.5 * stems)
