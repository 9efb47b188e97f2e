"""The arranger is held to its harmony, its registers and its form."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from common.band.arranger import arrange, assign_roles, default_role
from common.band.form import VOCAL
from common.band.registers import PERCUSSIVE, keys_at_once, playable
from common.band.roles import can_lead
from common.band.score import ROLES, Instrument
from common.band.tunes import Chord, Tune, TuneNote

METERS = {"4/4": 4.0, "2/4": 2.0, "3/4": 3.0, "6/8": 3.0, "9/8": 4.5, "12/8": 6.0}
PROGRESSION = (
    (0, "maj"),
    (9, "min7"),
    (5, "maj7"),
    (7, "7"),
    (2, "min"),
    (7, "sus4"),
    (11, "dim"),
    (0, "maj"),
)
BAND = (0, 25, 30, 33, 48, 52, 61, 73, 81, 11)


def make_tune(meter="4/4", *, bars=16, rhythm=(1.0, 0.5, 0.5)):
    """A tune in C that wanders through the scale in a rhythm that repeats; None: one note in each bar."""
    length = METERS[meter]
    notes = []
    for bar in range(bars):
        beat = 0.0
        for duration in (length,) if rhythm is None else rhythm * 12:
            if beat < length:
                pitch = (60, 64, 67, 65, 62, 71, 69, 72, 74)[(5 * len(notes)) % 9]
                notes.append(TuneNote(bar * length + beat, min(duration, length - beat), pitch))
                beat += duration
    chords = tuple(Chord(b * length, length, *PROGRESSION[b % len(PROGRESSION)]) for b in range(bars))
    return Tune("T", "test", meter, length, 0, "major", tuple(notes), chords, True, bars * length)


def make_piece(seed=0, *, tune=None, programs=BAND, has_drums=True, duration=60.0):
    rng = np.random.default_rng(seed)
    instruments = assign_roles(programs, has_drums, rng)
    return arrange(tune or make_tune(), instruments, rng=rng, duration=duration)


@cache
def usual_piece(seed):
    return make_piece(seed)


def sounding_chord(piece, seconds):
    return [chord for chord in piece.lead_sheet if chord.onset <= seconds + 1e-9][-1]


def check_piece(piece):
    """What holds for every piece."""
    assert piece.sections[0].start == 0
    assert piece.sections[-1].end == pytest.approx(piece.duration)
    assert all(one.end == pytest.approx(next_one.start) for one, next_one in pairwise(piece.sections))
    assert np.all(np.diff(piece.beat_times) > 0)
    assert piece.beat_times[-1] == piece.duration
    for index, part in enumerate(piece.parts):
        stretches = [(s.start, s.end) for s in piece.sections if index in s.playing]
        starts = [note.start for note in part.notes]
        assert starts == sorted(starts)
        for note in part.notes:
            assert note.duration > 0.03
            assert any(a - 1e-9 <= note.start and note.end <= b + 1e-9 for a, b in stretches)
            if part.instrument.is_drum:
                assert 35 <= note.pitch <= 81
            else:
                assert note.pitch in playable(part.instrument.program), part.instrument


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("meter", METERS)
def test_every_piece_keeps_to_its_form_and_registers(meter, seed):
    piece = make_piece(seed, tune=make_tune(meter))
    check_piece(piece)
    assert piece.duration == pytest.approx(60, abs=2 * METERS[meter] * 60 / piece.tempo + 3)
    assert len(piece.beat_times) - 1 == pytest.approx(piece.duration * piece.tempo / 60, rel=0.05)
    assert all(section.playing for section in piece.sections)


@pytest.mark.parametrize("program", range(128))
def test_every_program_plays_in_its_default_role(program):
    instruments = [Instrument(program, role=default_role(program)), Instrument(0, role="chords")]
    piece = arrange(make_tune(), instruments, rng=np.random.default_rng(program), duration=20.0)
    check_piece(piece)
    assert piece.parts[0].notes


@pytest.mark.parametrize("role", [role for role in ROLES if role != "drums"])
def test_any_program_plays_any_role(role):
    for program in range(0, 128, 7):
        piece = arrange(
            make_tune(), [Instrument(program, role=role)], rng=np.random.default_rng(program), duration=20.0
        )
        check_piece(piece)
        assert piece.parts[0].notes


def test_winds_play_one_note_at_a_time():
    for seed in range(6):
        piece = make_piece(seed, programs=(33, 40, 56, 65, 73, 80))
        for part in piece.parts:
            if not part.instrument.is_drum:
                assert all(one.end <= after.start + 1e-9 for one, after in pairwise(part.notes))


def test_no_pitch_is_struck_while_it_sounds():
    for part in usual_piece(1).parts:
        ends = {}
        for note in part.notes:
            assert note.start >= ends.get(note.pitch, 0.0) - 1e-9
            ends[note.pitch] = note.end


def test_bass_plays_the_root_on_most_downbeats():
    on_root = bars = 0
    for seed in range(10):
        piece = usual_piece(seed)
        bass = next(part for part in piece.parts if part.instrument.role == "bass")
        for beat in piece.beat_times[:-1:4]:
            played = [n.pitch % 12 for n in bass.notes if abs(n.start - beat) < 0.1]
            bars += bool(played)
            on_root += played == [sounding_chord(piece, beat).root]
    assert bars > 100
    assert on_root / bars > 0.9


@pytest.mark.parametrize("program", [16, 48, 52, 88])
def test_pads_play_chord_tones_only(program):
    tune = make_tune()
    for seed in range(4):
        rng = np.random.default_rng(seed)
        piece = arrange(
            tune, [Instrument(program, role="pad"), Instrument(33, role="bass")], rng=rng, duration=50
        )
        roles = {i for s in piece.sections for i in s.playing}
        assert 0 in roles
        lead = [s for s in piece.sections if s.name in ("intro", "break", "outro")]  # nobody has the tune
        for note in piece.parts[0].notes:
            middle = min(note.start + 0.05, note.end)
            if any(s.start <= note.start < s.end for s in lead):
                assert note.pitch % 12 in sounding_chord(piece, middle).pitch_classes


def test_melody_is_the_tune_in_the_key_of_the_piece():
    tune = make_tune()
    piece = make_piece(3, tune=tune)
    sung = [s for s in piece.sections if s.name not in ("intro", "break", "outro")]
    first = [n.pitch for n in piece.melody if sung[0].start <= n.start < sung[0].end]
    assert first == [n.pitch + piece.transposition for n in tune.notes[: len(first)]]
    assert all(one.end <= after.start + 1e-9 for one, after in pairwise(piece.melody))
    assert all(any(s.start - 1e-9 <= n.start < s.end for s in sung) for n in piece.melody)
    assert {n.pitch % 12 for n in piece.melody} <= {(n.pitch + piece.transposition) % 12 for n in tune.notes}


def test_somebody_plays_the_tune():
    piece = make_piece(4, programs=(73, 33, 25), duration=50.0)
    flute = piece.parts[0]
    assert flute.instrument.role == "melody"
    shared = [
        note
        for note in flute.notes
        for sung in piece.melody
        if abs(note.start - sung.start) < 0.1 and (note.pitch - sung.pitch) % 12 == 0
    ]
    assert len(shared) > 0.5 * len(flute.notes)


def test_instruments_enter_and_leave():
    shares, rests = [], []
    for seed in range(10):
        piece = usual_piece(seed)
        for index, part in enumerate(piece.parts):
            if part.instrument.role in ("drums", "bass"):
                continue
            played = sum(s.end - s.start for s in piece.sections if index in s.playing)
            shares.append(played / piece.duration)
            rests.append(any(s.end - s.start >= 5 for s in piece.sections if index not in s.playing))
    assert 0.5 < np.mean(shares) < 0.8
    assert np.mean(rests) > 0.9
    assert min(shares) > 0.05


def test_density_stays_playable():
    densities = []
    for seed in range(10):
        piece = usual_piece(seed)
        for part in piece.parts:
            if not part.instrument.is_drum:
                densities.append(len(part.notes) / piece.duration)
    assert 0.5 < np.median(densities) < 4
    assert np.quantile(densities, 0.95) < 8


def test_the_same_seed_gives_the_same_piece():
    one, other, third = usual_piece(7), make_piece(7), usual_piece(8)
    assert one.parts == other.parts
    assert one.sections == other.sections
    assert one.melody == other.melody
    assert one.parts != third.parts


def test_levels_follow_the_role():
    levels = {}
    for seed in range(25):
        for part in make_piece(seed, duration=8.0).parts:
            levels.setdefault(part.instrument.role, []).append(part.level_db)
            assert -1 <= part.pan <= 1
    assert np.mean(levels["melody"]) > np.mean(levels["chords"]) > np.mean(levels["pad"])


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8"])
def test_one_note_in_each_bar(meter):
    piece = make_piece(2, tune=make_tune(meter, rhythm=None, bars=8))
    check_piece(piece)
    assert piece.melody


def test_fast_tunes_are_taken_slowly():
    piece = make_piece(2, tune=make_tune(rhythm=(0.25,)))
    assert len(piece.melody) / piece.duration <= 4.6


def test_silent_tune_and_long_tune():
    tune = make_tune()
    silent = Tune("T", "test", "4/4", 4.0, 0, "minor", (), tune.chords, True, tune.length)
    check_piece(make_piece(0, tune=silent))
    check_piece(make_piece(0, tune=make_tune(bars=128), duration=30.0))


def test_solo_and_drums_alone():
    check_piece(make_piece(0, programs=(0,), has_drums=False))
    alone = make_piece(0, programs=(), has_drums=True)
    check_piece(alone)
    assert alone.parts[0].notes


@pytest.mark.parametrize("duration", [1.0, 8.0, 150.0])
def test_any_duration(duration):
    piece = make_piece(5, duration=duration)
    check_piece(piece)
    assert piece.duration >= duration - 3


def test_roles_of_a_band():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        programs = [int(p) for p in rng.choice(120, rng.integers(1, 12), replace=False)]
        band = assign_roles(programs, True, rng)
        assert [i.program for i in band[:-1]] == programs
        assert band[-1].is_drum
        assert all(i.role == "bass" for i in band if i.program in range(32, 40))
        if any(can_lead(i) for i in band):
            assert 1 <= sum(i.role == "melody" for i in band) <= 4
        for instrument in band[:-1]:
            assert instrument.role == "color" or instrument.program not in PERCUSSIVE


@pytest.mark.parametrize(
    ("program", "role"),
    [(33, "bass"), (0, "chords"), (48, "pad"), (73, "melody"), (47, "color"), (46, "arpeggio")],
)
def test_default_roles(program, role):
    assert default_role(program) == role
    assert default_role(program, is_drum=True) == "drums"


def test_registers_of_known_instruments():
    assert 36 not in playable(73)  # no flute goes down to C2
    assert 40 in playable(24) and 39 not in playable(24)  # the guitar's low E
    assert 55 in playable(40) and 54 not in playable(40)  # the violin's open G
    assert keys_at_once(73) == 1 and keys_at_once(0) > 3
    assert playable(58).high < playable(72).low  # tuba and piccolo never meet


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"program": 128}, "0..127"),
        ({"program": 0, "role": "lead"}, "role must be one of"),
        ({"program": 0, "is_drum": True, "role": "melody"}, "drums"),
    ],
)
def test_impossible_instruments(arguments, text):
    with pytest.raises(ValueError, match=text):
        Instrument(**arguments)


def test_impossible_arrangements():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="at least one instrument"):
        arrange(make_tune(), [], rng=rng, duration=60)
    with pytest.raises(ValueError, match="duration must be > 0"):
        arrange(make_tune(), [Instrument(0)], rng=rng, duration=0)
    with pytest.raises(ValueError, match="at least one instrument"):
        assign_roles([], False, rng)


def share_of_sections_with_the_tune(pieces) -> float:
    """Of the sections of `VOCAL`: in how many some part plays nine of ten notes of the tune."""
    led = []
    for piece in pieces:
        for section in (section for section in piece.sections if section.name in VOCAL):
            tune = [note for note in piece.melody if section.start <= note.start < section.end]
            led.append(
                any(
                    np.mean([_plays(part.notes, note) for note in tune]) > 0.9
                    for part in piece.parts
                    if not part.instrument.is_drum
                )
            )
    return float(np.mean(led))


def _plays(notes, tune_note) -> bool:
    return any(
        abs(note.start - tune_note.start) < 0.08 and (note.pitch - tune_note.pitch) % 12 == 0
        for note in notes
    )


def test_with_a_singer_the_band_seldom_plays_the_tune():
    lineup = tuple(Instrument(program, role=default_role(program)) for program in (25, 33, 48, 73))

    def pieces(singer):
        for seed in range(12):
            rng = np.random.default_rng(seed)
            yield arrange(make_tune(), lineup, rng=rng, duration=60.0, singer=singer)

    assert share_of_sections_with_the_tune(pieces(True)) < 0.3
    assert share_of_sections_with_the_tune(pieces(False)) > 0.8


def test_the_key_can_be_asked_for():
    for transposition in (-5, 0, 6):
        piece = arrange(
            make_tune(),
            [Instrument(0, role="chords")],
            rng=np.random.default_rng(0),
            duration=20.0,
            transposition=transposition,
        )
        assert piece.transposition == transposition
        assert piece.lead_sheet[0].root == transposition % 12
