"""Tunes are read from music21's corpus; bars, repeats and pickups are held to tunes written here."""

import importlib.util
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from common.band.tunes import (
    TuneError,
    TuneNote,
    TuneSource,
    catalog,
    form,
    keys,
    normalized_title,
    read_tune,
    reading,
    split_of,
)
from common.band.tunes import chords as source_chords
from common.band.tunes.measures import Measure, measures_of, parse_abc
from common.band.tunes.sources import corpus_folder
from common.cli import UserError

HEADER = "X:1\nT:A Tune\nM:{meter}\nL:1/4\nK:{key}\n"


@pytest.fixture
def read_abc(tmp_path, monkeypatch):
    """A function that reads a tune from its ABC text as if it stood in the corpus."""
    monkeypatch.setattr(reading, "corpus_folder", lambda: tmp_path)

    def read(body, meter="4/4", key="C"):
        (tmp_path / "tune.abc").write_text(HEADER.format(meter=meter, key=key) + body)
        return read_tune(TuneSource("tune.abc", None, "A Tune"))

    return read


def source(path):
    return next(entry for entry in catalog() if str(entry) == path)


# --- the catalog


def test_the_catalog_lists_every_collection_without_importing_music21():
    counts = Counter(entry.collection for entry in catalog())
    assert len(catalog()) == len(set(catalog())) > 12_000
    assert counts["ryansMammoth"] == 1059 and counts["essenFolksong"] > 8000 and counts["oneills1850"] > 1900
    program = "import sys; from common.band.tunes import catalog; catalog(); print('music21' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"


def test_titles_are_printable_and_name_chorales():
    assert all(entry.title.strip() and entry.title.isprintable() for entry in catalog())
    assert source("bach/bwv269.mxl").title == "Aus meines Herzens Grunde"


def test_without_the_corpus_one_line_says_so(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="music21: is not installed; pip install"):
        corpus_folder()


# --- splits


@pytest.mark.parametrize(
    "title",
    [
        "The Devil's Dream -- Reel",
        "DEVIL'S DREAM",
        "Devils Dream, The",
        "Devil’s Dream (2nd Setting)",
        "Dévils Dream Reel",
    ],
)
def test_variants_of_a_title_are_one(title):
    assert normalized_title(title) == "devils dream"


def test_a_title_that_is_only_a_dance_keeps_it():
    assert normalized_title("The Reel") == "the reel"
    assert normalized_title("四季") == "四季"


def test_no_title_is_in_two_splits_and_shares_are_near_70_15_15():
    splits = defaultdict(set)
    for entry in catalog():
        splits[normalized_title(entry.title)].add(split_of(entry))
    assert all(len(found) == 1 for found in splits.values())
    counts = Counter(split_of(entry) for entry in catalog())
    shares = [counts[split] / len(catalog()) for split in ("train", "validation", "test")]
    assert shares == pytest.approx([0.70, 0.15, 0.15], abs=0.015)


def test_splits_never_change():
    titles = ("Aus meines Herzens Grunde", "Cuckoo's Nest", "Irish Hautboy., The", "The Irish Hautboy.")
    assert [split_of(TuneSource("x.abc", None, title)) for title in titles] == [
        "train",
        "train",
        "validation",
        "validation",
    ]


# --- tunes of the corpus


@pytest.mark.parametrize(
    "path",
    [
        "ryansMammoth/GreenSleevesJig.abc",
        "oneills1850/0101-0200.abc#2",
        "essenFolksong/erk10.abc#1",
        "airdsAirs/book2.abc#2",
        "miscFolk/northumbrianminstrelsyopus.abc#76",
        "nottingham-dataset/reelsa-c.abc#1",
        "leadSheet/fosterBrownHair.mxl",
        "bach/bwv66.6.mxl",
    ],
)
def test_every_collection_gives_whole_tunes(path):
    tune = read_tune(source(path))
    assert tune.source == path and tune.bars >= reading.MIN_BARS
    assert tune.length == tune.bars * tune.beats_per_bar
    assert tune.notes[0].onset >= 0 and tune.notes[-1].end <= tune.length + 1e-6
    assert all(before.end <= after.onset + 1e-6 for before, after in pairwise(tune.notes))
    assert (tune.chords[0].onset, tune.chords[-1].end) == (0.0, tune.length)
    assert all(before.end == pytest.approx(after.onset) for before, after in pairwise(tune.chords))


def test_a_tune_with_chord_symbols_keeps_them():
    tune = read_tune(source("nottingham-dataset/reelsa-c.abc#1"))  # A|"D"Add^c defd|"Em"edcB "A"AABA|...
    assert (tune.title, tune.meter, tune.tonic, tune.mode) == ("Cuckoo's Nest", "4/4", 2, "major")
    assert tune.has_source_chords
    assert [(c.onset, c.root, c.quality) for c in tune.chords[1:4]] == [
        (4, 2, "maj"),
        (8, 4, "min"),
        (10, 9, "maj"),
    ]
    assert [note.pitch for note in tune.notes[:4]] == [69, 69, 74, 74]
    assert tune.notes[0] == TuneNote(3.0, 1.0, 69)  # the pickup
    assert tune.bars == 33  # A A B B of eight bars each, and the pickup's


def test_a_chorale_keeps_the_harmony_of_its_four_voices():
    tune = read_tune(source("bach/bwv269.mxl"))
    assert (tune.tonic, tune.mode, tune.meter, tune.has_source_chords) == (7, "major", "3/4", True)
    assert (tune.chords[0].root, tune.chords[-1].root) == (7, 7)


def test_minor_is_told_from_its_relative_major():
    tune = read_tune(source("ryansMammoth/GreenSleevesJig.abc"))  # K:C, but it ends G sharp, A
    assert (tune.tonic, tune.mode) == (9, "minor")


# --- bars, repeats, pickups


def test_a_repeat_is_played_twice_with_its_endings(read_abc):
    tune = read_abc("|: CDEF | GABc | cBAG |1 FEDC :|2 C4 |: E4 | F4 :|")
    downbeats = [note.pitch for note in tune.notes if note.onset % 4 == 0]
    assert downbeats == [60, 67, 72, 65, 60, 67, 72, 60, 64, 65, 64, 65]


def test_pickups_stand_before_the_bar_line_at_every_repeat(read_abc):
    tune = read_abc("G | CDEF | GABc | cBAG | FED :|")
    assert [note.onset for note in tune.notes if note.pitch == 60] == [4.0, 20.0]
    assert tune.length == 36.0


def test_a_pickup_that_does_not_complete_a_bar_waits_for_the_next(read_abc):
    tune = read_abc("b | CDEF | GABc | cBAG | FEDC :|")  # the last bar is full, and the pickup comes again
    assert [note.onset for note in tune.notes if note.pitch == 83] == [3.0, 23.0]


def test_a_short_bar_inside_a_part_is_refused(read_abc):
    with pytest.raises(TuneError, match=r"tune.abc \(A Tune\): has a bar that is too short; choose another"):
        read_abc("CDEF | GAB | cBAG | FEDC | CDEF | GABc | cBAG | FEDC |")


@pytest.mark.parametrize(
    ("body", "meter", "complaint"),
    [
        ("CDEF | GABc |", "4/4", "has 2 bars, not 8 to 128"),
        ("CDEFG | " * 8, "4/4", "has a bar that is too long"),
        ("CDE | " * 8, "5/4", "has the meter '5/4'"),
        ("C4 | z4 | z4 | z4 | z4 | z4 | z4 | C4 |", "4/4", "is silent for 75% of its time"),
        ("C,,,4 |" * 8, "4/4", "goes from 24 to 24, beyond 40..96"),
        ("", "4/4", "has no notes|music21 cannot read it"),
    ],
)
def test_what_no_band_can_use_is_refused_in_one_line(read_abc, body, meter, complaint):
    with pytest.raises(TuneError, match=complaint) as caught:
        read_abc(body, meter=meter)
    assert "\n" not in str(caught.value)


def test_an_unknown_key_and_a_missing_file_are_refused(read_abc):
    with pytest.raises(TuneError, match="has the key 'Xyz', which is not known"):
        read_abc("CDEF | " * 8, key="Xyz")
    with pytest.raises(TuneError, match="is not in music21's corpus"):
        read_tune(TuneSource("gone.abc", None, "Gone"))


@pytest.mark.parametrize(
    ("meter", "name", "bar"), [("3/8", "3/4", 3.0), ("6/4", "6/8", 3.0), ("9/8", "9/8", 4.5)]
)
def test_meters_are_stretched_to_those_the_band_plays(read_abc, meter, name, bar):
    written = {"3/8": "C/D/E/ |", "6/4": "CDEFGA |", "9/8": "C3/2D3/2E3/2 |"}[meter]
    tune = read_abc(written * 8, meter=meter)
    assert (tune.meter, tune.beats_per_bar, tune.length) == (name, bar, 8 * bar)
    assert [note.onset for note in tune.notes if note.pitch == 60] == [index * bar for index in range(8)]


def test_ties_join_graces_vanish_and_accidentals_hold_to_the_bar_line(read_abc):
    tune = read_abc("CDE^F- | F2{AB}F2 | [CE]DEF |" + "CDEF |" * 5)
    assert tune.notes[3] == TuneNote(3.0, 3.0, 66)
    assert [note.pitch for note in tune.notes[4:6]] == [65, 64]  # of two notes at once the upper one
    sharp = measures_of(parse_abc(HEADER.format(meter="4/4", key="C") + "^CDCD | CDCD |"))
    assert [[note.pitch for note in measure.notes] for measure in sharp] == [
        [61, 62, 61, 62],
        [60, 62, 60, 62],
    ]


def test_fingerings_in_quotes_are_no_chords(read_abc):
    tune = read_abc('"4"CDEF | "SEGUE"GABc | "0"cBAG | FEDC |' * 2)
    assert not tune.has_source_chords and tune.chords[-1].root == 0


def test_endings_that_are_no_repeat_do_not_hang():
    bars = [
        Measure(4.0, (), begins_repeat=True),
        Measure(4.0, (), ends_repeat=True),
        Measure(4.0, (), ends_repeat=True),
    ]
    assert form.played_order(bars) == [0, 1, 0, 1, 2, 2]
    assert form.played_order([]) == []


# --- keys and chords


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("Am", (9, "minor")),
        ("F# Minor", (6, "minor")),
        ("Edor", (4, "minor")),
        ("A Mixolydian", (9, "major")),
        ("GM", (7, "major")),
    ],
)
def test_a_stated_mode_is_believed(field, key):
    assert keys.stated_keys(field) == (key,)


def test_the_notes_decide_among_the_keys_of_one_signature():
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    for tonic, mode in [(0, "major"), (9, "minor")]:
        weights = np.zeros(12)
        weights[scale] = 1.0
        weights[[tonic, (tonic + 7) % 12, (tonic + (4 if mode == "major" else 3)) % 12]] += 2.0
        assert keys.choose_key(keys.stated_keys("C"), weights, final=tonic) == (tonic, mode)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("Am", (9, "min")),
        ("B-7", (10, "7")),
        ("Bb", (10, "maj")),
        ("F#m7", (6, "min7")),
        ("Cmaj7", (0, "maj7")),
        ("D/F#", (2, "maj")),
        ("N.C.", None),
    ],
)
def test_chord_symbols_are_read(symbol, expected):
    assert source_chords.chord_of_symbol(symbol) == expected


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ((72, 67, 64, 48), (0, "maj")),
        ((72, 69, 64, 57), (9, "min")),
        ((77, 71, 62, 55), (7, "7")),
        ((72, 67, 60, 52), (0, "maj")),
    ],
)
def test_four_voices_make_a_chord(pitches, expected):
    voices = [[TuneNote(0.0, 4.0, pitch)] for pitch in pitches]
    chords = source_chords.chords_of_voices(voices, 4.0, 4.0)
    assert [(c.onset, c.duration, c.root, c.quality) for c in chords] == [(0.0, 4.0, *expected)]
