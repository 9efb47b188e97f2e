"""Notes in seconds: the written rhythm and the tempo come back, from steady, drifting and uneven players."""

from itertools import pairwise

import numpy as np
import pytest

from final_project.muse2bach.quantize import HeardNote, quantize

LENGTHS = [1, 1, 0.5, 0.5, 1, 1, 1, 2, 1.5, 0.5, 1, 1, 2, 2]  # quarter notes


def heard(lengths, tempo, *, jitter=0.0, drift=0.0, seed=0):
    """A performance: `drift` is how much slower the end is, `jitter` the deviation of onsets in seconds."""
    rng = np.random.default_rng(seed)
    paces = 60 / tempo * np.linspace(1, 1 + drift, len(lengths))
    begins = np.concatenate([[0], np.cumsum(paces * lengths)])
    begins = begins + 0.3 + rng.normal(0, jitter, len(begins))
    return [HeardNote(float(a), float(b) - 0.05, 60 + n) for n, (a, b) in enumerate(pairwise(begins))]


@pytest.mark.parametrize("tempo", [63, 80, 96, 120])
@pytest.mark.parametrize("options", [{}, {"jitter": 0.02}, {"drift": 0.25}], ids=["even", "uneven", "slower"])
def test_rhythm_and_tempo(tempo, options):
    found = quantize(heard(LENGTHS, tempo, **options))
    onsets = np.array([note.onset for note in found.notes])
    expected = np.concatenate([[0], np.cumsum(LENGTHS)[:-1]])
    assert onsets.tolist() == expected.tolist()
    assert found.tempo == pytest.approx(tempo / (1 + options.get("drift", 0) / 2), rel=0.04)


def test_a_known_tempo_decides():
    performance = heard(LENGTHS, 100)
    half, whole = quantize(performance, tempo=50), quantize(performance, tempo=100)
    assert [2 * note.onset for note in half.notes] == [note.onset for note in whole.notes]
    assert (half.tempo, whole.tempo) == (50, 100)


def test_notes_end_where_the_next_begins_and_the_last_on_a_beat():
    notes = [HeardNote(0.0, 0.9, 60), HeardNote(0.75, 1.4, 62), HeardNote(1.5, 2.9, 64)]
    found = quantize(notes, tempo=80).notes
    assert [(n.onset, n.end) for n in found] == [(0, 1), (1, 1.75), (2, 4)]


def test_a_single_note():
    (note,) = quantize([HeardNote(0.5, 1.5, 60)]).notes
    assert (note.onset, note.pitch) == (0, 60) and note.end in (1, 2)
