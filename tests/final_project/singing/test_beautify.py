"""beautify.py: in tune, nothing else; any rate and channels; bad files beside good ones; blocks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile as sf

from common.synthesis import Note
from final_project.singing import beautifier_evaluation, rendering, tracking
from final_project.singing.beautifier_evaluation import evaluate_beautifier, rendered, resung_unchanged
from final_project.singing.corrected_take import Aim, corrected, decide
from final_project.singing.injected_errors import ErroneousTake
from final_project.singing.rendering import Correction, Piece, render, shortened
from final_project.singing.time_correction import unchanged
from final_project.singing.tracking import track

RATE = 16_000
OFF = [(60.4, 0.2, 0.8), (63.7, 0.9, 1.5), (66.75, 1.55, 2.2)]  # of a C major chord
SCORE = tuple(
    Note(pitch, start, end - start) for pitch, (_, start, end) in zip((60, 64, 67), OFF, strict=True)
)


@pytest.fixture(scope="module")
def take(hummed):
    return hummed(OFF, rate=RATE)


@pytest.fixture(scope="module")
def better(take):
    return corrected(take, Aim(score=SCORE), sample_rate=RATE)


@pytest.fixture
def notes_file(tmp_path):
    """The score as ABC: C E G."""
    path = tmp_path / "notes.abc"
    path.write_text("X:1\nT:Chord\nL:1/4\nQ:1/4=90\nK:C\nC E G\n")
    return path


@pytest.fixture
def run(command, tmp_path, capsys):
    """Run beautify.py: `run(file, "--auto")` -> exit code, results, standard error."""

    def start(*arguments):
        code = command("beautify", *arguments, "--out", tmp_path / "out", "--json")
        output = capsys.readouterr()
        return code, json.loads(output.out or "[]"), output.err

    return start


def centres(waveform: np.ndarray, rate: int = RATE) -> np.ndarray:
    pitch = track(waveform, sample_rate=rate).pitch
    return np.array([np.nanmedian(pitch[round(a / 0.005) + 15 : round(b / 0.005) - 10]) for _, a, b in OFF])


def test_notes_come_to_the_score(better):
    np.testing.assert_allclose(centres(better), [60, 64, 67], atol=0.03)


def test_strength_moves_part_of_the_way_and_0_nothing(take):
    half = corrected(take, Aim(score=SCORE, strength=0.5), sample_rate=RATE)
    np.testing.assert_allclose(centres(half), [60.2, 63.85, 66.87], atol=0.04)
    assert (corrected(take, Aim(score=SCORE, strength=0), sample_rate=RATE) == take).all()


def test_consonants_are_copied(take, better):
    for _, start, _ in OFF:  # the hiss before each note, without the fades
        inside = slice(round((start - 0.045) * RATE), round((start - 0.02) * RATE))
        assert (better[inside] == take[inside]).all() and take[inside].any()


def test_level_stays_and_nothing_clicks(take, better):
    first, last = round(0.3 * RATE), round(0.7 * RATE)
    assert np.std(better[first:last]) == pytest.approx(np.std(take[first:last]), rel=0.06)
    steps = np.abs(np.diff(better))
    for _, start, end in OFF:
        first, last = round(start * RATE), round(end * RATE)
        inside = steps[first + 1600 : last - 1600].max()
        assert max(steps[first - 800 : first + 400].max(), steps[last - 400 : last + 400].max()) <= inside


def test_a_take_in_tune_is_copied(hummed):
    good = hummed([(60.0, 0.2, 0.9), (64.0, 1.0, 1.6)])
    assert (corrected(good, Aim(), sample_rate=RATE) == good).all()


def test_vibrato_is_kept(hummed):
    off = hummed([(60.4, 0.2, 1.6)], vibrato=0.5)
    after = track(corrected(off, Aim(), sample_rate=RATE), sample_rate=RATE).pitch[80:300]
    before = track(off, sample_rate=RATE).pitch[80:300]
    assert np.std(after) == pytest.approx(np.std(before), rel=0.1)
    assert np.mean(after) == pytest.approx(60.0, abs=0.05)
    assert np.corrcoef(before, after)[0, 1] > 0.97


def test_onsets_go_to_the_score(hummed):
    late = [(60.0, 0.2, 0.8), (64.0, 1.0, 1.5), (67.0, 1.6, 2.2), (60.0, 2.3, 3.0)]
    score = [Note(p, a, 0.6) for p, a in ((60, 0.2), (64, 0.9), (67, 1.6), (60, 2.3))]
    after = corrected(hummed(late), Aim(score=score, timing=1.0), sample_rate=RATE)
    [*_, (begin, _), _, _] = track(after, sample_rate=RATE).stretches()
    assert begin * 0.005 == pytest.approx(0.9, abs=0.015)


def test_pieces_of_a_long_note_meet_unheard(hummed, monkeypatch):
    long = hummed([(57.3, 0.2, 2.0)])
    heard = track(long, sample_rate=RATE)
    whole = rendered(resung_unchanged(heard), long, RATE)
    monkeypatch.setattr(rendering, "LONGEST", 100)
    parts = rendered(resung_unchanged(heard), long, RATE)
    assert len(resung_unchanged(heard).pieces()) > 4
    voice = slice(round(0.25 * RATE), round(1.9 * RATE))
    assert np.std(parts[voice] - whole[voice]) < 0.2 * np.std(whole[voice])  # pulses coincide


def test_blocks_give_what_the_whole_gives(take, better, monkeypatch):
    decision = decide(track(take, sample_rate=RATE), Aim(score=SCORE))
    blocks = [block[None] for block in np.array_split(take, 11)]
    pieces = list(render(decision.correction, blocks, sample_rate=RATE, frames=len(take)))
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1)[0], better)


def test_channels_keep_their_own_sound(take):
    stereo = np.stack([take, 0.25 * take])
    after = corrected(stereo, Aim(score=SCORE), sample_rate=RATE)
    assert after.shape == stereo.shape
    np.testing.assert_allclose(centres(after[1]), [60, 64, 67], atol=0.05)
    assert np.std(after[1]) == pytest.approx(0.25 * np.std(after[0]), rel=0.05)


def test_long_pieces_are_cut():
    assert [piece.end for piece in shortened(Piece(0, 3000, True))] == [1500, 3000]
    nothing = Correction(track(np.zeros(8000, np.float32), sample_rate=RATE), np.zeros(101), unchanged(101))
    assert nothing.pieces() == [Piece(0, 101, False)]


def test_evaluation_of_a_take(take, hummed, monkeypatch):
    known = {}  # each sound is tracked once

    def quick(waveform, *, sample_rate):
        key = waveform.tobytes()
        return known[key] if key in known else known.setdefault(key, track(waveform, sample_rate=sample_rate))

    monkeypatch.setattr(beautifier_evaluation, "track", quick)
    clean = hummed([(float(note.pitch), note.start, note.end) for note in SCORE])
    spans = np.array([[note.start, note.end] for note in SCORE]).T
    cents = np.array([40.0, -30.0, -25.0])
    found = evaluate_beautifier([ErroneousTake("hum", take, clean, SCORE, *spans, cents, np.zeros(0), RATE)])
    assert found["pitch_error_before_cents"] == pytest.approx(np.abs(cents).mean(), abs=5)
    assert found["pitch_error_removed"] > 0.9 and found["clean_pitch_change_cents"] < 3
    assert found["takes"] == 1 and found["notes"] == 3 and found["refused"] == 0
    assert 0 <= found["mcd_before_db"] < found["mcd_after_db"] < 6


@pytest.mark.parametrize("rate, channels", [(8_000, 1), (48_000, 2)])
def test_any_rate_and_channels(hummed, run, tmp_path, rate, channels):
    voice = hummed(OFF, rate=rate)
    sf.write(tmp_path / "take.wav", np.stack([voice] * channels, axis=1), rate, subtype="FLOAT")
    code, [found], _ = run(tmp_path / "take.wav", "--auto", "--key", "C")
    assert code == 0 and found["notes"] == 3 and found["error_cents"] == pytest.approx(32, abs=2)
    after, got = sf.read(found["output"], always_2d=True, dtype="float32")
    assert got == rate and after.shape == (len(voice), channels)
    np.testing.assert_allclose(centres(after[:, 0], rate), [60, 64, 67], atol=0.05)


def test_bad_files_beside_a_good_one(take, hummed, run, tmp_path, notes_file):
    sounds = {
        "good.wav": take,
        "silence.wav": np.full(RATE, 1e-5),
        "chord.wav": sum(hummed([(pitch, 0.1, 1.0)]) for pitch in (57, 61, 64)),
        "noise.wav": 0.1 * np.random.default_rng(0).standard_normal(RATE),
    }
    for name, waveform in sounds.items():
        sf.write(tmp_path / name, waveform, RATE, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no sound")
    files = [tmp_path / name for name in (*sounds, "text.wav")]
    code, results, err = run(*files, "--score", notes_file, "--timing", 0.5, "--html")
    assert code == 2 and ["error" in result for result in results] == [False, True, True, True, True]
    assert "silent" in results[1]["error"] and "one pitch" in results[3]["error"]
    assert err.splitlines()[-1] == "4 of 5 files could not be used"
    assert results[0]["transposition"] == 0 and results[0]["onset_error_ms"] < 60
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good.html", "good.wav"]
    page = (tmp_path / "out" / "good.html").read_text()
    assert page.count("data:audio/mpeg") == 2 and "{{" not in page and "http" not in page


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "give either --score FILE or --auto"),
        (["--auto", "--strength", "2"], "--strength is 2; give 0 to 1"),
        (["--auto", "--timing", "1"], "--timing needs --score"),
        (["--auto", "--key", "H"], "--key H: not a key"),
        (["--score", "missing.mid"], "missing.mid: no such file"),
    ],
)
def test_options_that_make_no_sense(command, capsys, error_of, options, message):
    assert command("beautify", "take.wav", *options) == 2
    assert message in error_of(capsys)


def test_an_interrupted_take_leaves_nothing(take, run, tmp_path, monkeypatch):
    sf.write(tmp_path / "take.wav", take, RATE)
    monkeypatch.setattr(rendering, "resung", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path / "take.wav", "--auto", "--key", "C")
    assert not list((tmp_path / "out").iterdir())


def test_memory_is_that_of_a_chunk(monkeypatch):
    lengths = []
    monkeypatch.setattr(
        tracking, "track_chunk", lambda waveform, *_: lengths.append(len(waveform)) or _four(_[1])
    )
    blocks = (np.zeros(RATE, np.float32) for _ in range(100))
    found = tracking.track_blocks(blocks, sample_rate=RATE, frames=100 * RATE)
    assert len(found) == 20_001 and max(lengths) <= (tracking.CHUNK + 2 * tracking.CONTEXT) * tracking.HOP


def _four(count: int) -> tuple[np.ndarray, ...]:
    return (np.zeros(count, np.float32),) * 4
