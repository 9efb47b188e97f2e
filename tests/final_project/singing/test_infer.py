"""infer.py: words and notes in, sound with its times out; what cannot be sung is told in one line."""

from __future__ import annotations

import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

from common.midi import pretty_midi
from common.synthesis import Note
from final_project.singing import outside_models
from final_project.singing.midi_output import midi_bytes
from final_project.singing.performance import LEAD_IN, SAMPLE_RATE, pitch_curve
from final_project.singing.song import one_voice
from final_project.singing.song_sources import notes_beside, song_sources


def chords() -> bytes:
    """A MIDI file of one part in which two notes sound at a time."""
    voice = pretty_midi.Instrument(0)
    voice.notes = [pretty_midi.Note(90, pitch, start, start + 1) for start in (0, 1) for pitch in (60, 64)]
    midi, content = pretty_midi.PrettyMIDI(), io.BytesIO()
    midi.instruments.append(voice)
    midi.write(content)
    return content.getvalue()


@pytest.fixture
def score(tmp_path):
    """A file of notes with words: C E G G for "Shine, little star" at 150 quarter notes a minute."""
    notes = [Note(pitch, 0.4 * place, 0.4) for place, pitch in enumerate((60, 64, 67, 67))]
    path = tmp_path / "in" / "glow.mid"
    path.parent.mkdir()
    song = one_voice("Glow", notes, ("Shine,", "lit-", "tle", "star"), tempo=150)
    path.write_bytes(midi_bytes(song))
    return path


@pytest.fixture
def infer(command, tmp_path, capsys):
    """Run infer.py into `out` -> exit code, and what `--json` printed or the text."""

    def run(*arguments, as_json: bool = True):
        options = ["--json"] if as_json else []
        code = command("infer", *arguments, "--out", tmp_path / "out", *options)
        told = capsys.readouterr()
        return SimpleNamespace(
            code=code, answers=json.loads(told.out) if as_json and told.out else told.out, said=told.err
        )

    run.out = tmp_path / "out"
    return run


def test_a_score_with_words_is_sung_at_its_times_and_pitches(infer, score):
    ran = infer(score, "--singer", "Olga")
    assert ran.code == 0
    [answer] = ran.answers
    assert (answer["title"], answer["syllables"], answer["singers"]) == ("Glow", 4, ["Olga"])
    waveform, rate = sf.read(infer.out / "glow.wav", dtype="float32")
    assert rate == SAMPLE_RATE and waveform.ndim == 1 and 0.8 < np.abs(waveform).max() < 1
    assert len(waveform) / rate == pytest.approx(answer["seconds"], abs=1e-3)
    timing = json.loads((infer.out / "glow.json").read_text())
    starts = [syllable["start"] for syllable in timing["syllables"]]
    assert starts == pytest.approx(LEAD_IN + np.arange(4) * 0.4)
    curve = pitch_curve(waveform)
    for note in timing["parts"][0]["notes"]:
        within = (curve.times > note["start"] + 0.1) & (curve.times < note["end"] - 0.1)
        assert np.nanmedian(curve.pitch[within]) == pytest.approx(note["pitch"], abs=0.5)


def test_all_files_of_a_song_tell_the_same(infer, score):
    infer(score)
    assert sorted(path.name for path in infer.out.iterdir()) == [
        "glow.json", "glow.lrc", "glow.mid", "glow.wav"
    ]  # fmt: skip
    midi = pretty_midi.PrettyMIDI(str(infer.out / "glow.mid"))
    assert "".join(lyric.text for lyric in midi.lyrics) == "Shine, little star "
    first = float(re.search(r"<00:(\d\d\.\d\d)>lit", (infer.out / "glow.lrc").read_text())[1])
    assert first == pytest.approx(midi.lyrics[1].time + LEAD_IN, abs=0.01)


def test_the_same_song_gives_the_same_bytes(infer, score):
    infer(score)
    before = (infer.out / "glow.wav").read_bytes()
    infer(score)
    assert (infer.out / "glow.wav").read_bytes() == before
    infer(score, "--seed", 1)
    assert (infer.out / "glow.wav").read_bytes() != before


def test_a_text_is_sung_to_the_notes_beside_it(infer, score):
    score.with_suffix(".txt").write_text("Grüne Bäume")
    [answer] = infer(score.with_suffix(".txt"), "--html").answers
    assert answer["language"] == "de" and answer["notices"] == [] and answer["syllables"] == 4
    assert "<00:01.00>ne" in (infer.out / "glow.lrc").read_text()
    page = (infer.out / "index.html").read_text()
    assert ">Bäu</button>" in page and 'class="pitch" d="M' in page and "data:audio/mpeg" in page


def test_two_texts_to_the_same_notes_and_fewer_notes_than_syllables_are_counted(infer, score):
    ran = infer("Oh star", "One two three four five six", "--notes", score)
    assert [answer["file"] for answer in ran.answers] == ["Oh star", "One two three four five six"]
    assert "2 syllables more than notes" in ran.said


def test_a_choir_is_in_stereo(infer, score):
    [answer] = infer(score, "--voices", 2).answers
    assert answer["voices"] == 2
    left, right = sf.read(infer.out / "glow.wav")[0].T
    assert not np.allclose(left, right)


def test_harmonized_songs_have_four_parts(infer, score, monkeypatch):
    class Thirds:
        def complete(self, given, **known):
            return [np.where(given == -2, given[:, :1] - [[0, 4, 12, 24]], given).astype(np.int16)]

    monkeypatch.setattr(outside_models.Models, "harmonizer", Thirds())
    [answer] = infer(score, "--harmonize", "a_run").answers
    assert answer["parts"] == ["soprano", "alto", "tenor", "bass"] and len(set(answer["singers"])) == 4
    midi = pretty_midi.PrettyMIDI(str(infer.out / "glow.mid"))
    assert len(midi.instruments) == 4


def test_hw3_writes_a_melody_where_there_are_no_notes(infer, melody_run):
    ran = infer("River today", "--melody-model", melody_run, "--singer", "Paul", "--tempo", 200)
    assert ran.code == 0 and ran.answers[0]["syllables"] == 4 and ran.answers[0]["tempo"] == 200
    midi = pretty_midi.PrettyMIDI(ran.answers[0]["outputs"]["midi"])
    assert [lyric.text for lyric in midi.lyrics] == ["Riv", "er ", "to", "day "]
    assert all(45 <= note.pitch <= 66 for note in midi.instruments[0].notes)  # Paul's range


def test_without_notes_and_without_a_model_one_line_says_what_to_do(infer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = infer("Twinkle, twinkle")
    assert ran.code == 2 and "--notes FILE" in ran.said and "hw3/train.py" in ran.said
    assert not infer.out.exists()


def test_a_listener_says_how_many_vowels_it_understands(infer, score, deaf_listener):
    solo = infer(score, "--model", deaf_listener).answers[0]["vowels_understood"]
    assert solo in (0, 0.25, 0.5, 0.75, 1)  # of four syllables
    assert infer(score, "--model", deaf_listener, "--voices", 2).answers[0]["vowels_understood"] is None


def test_a_folder_that_is_no_listener_is_refused(infer, score, tmp_path):
    ran = infer(score, "--model", tmp_path)
    assert ran.code == 2 and ran.said.startswith("error: ") and not infer.out.exists()


def test_the_notes_are_moved_to_the_singer_or_as_one_says(infer, score):
    moved = infer(score, "--singer", "Ivan")
    assert "moved 1 octave down" in moved.said
    asked = infer(score, "--singer", "Ivan", "--transpose", 2)
    assert "4 of 4 notes of the melody lie outside of Ivan's range E2-C4" in asked.said
    timing = json.loads((infer.out / "glow.json").read_text())
    assert [note["pitch"] for note in timing["parts"][0]["notes"]] == [62, 66, 69, 69]


# ---- what cannot be sung


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x01\xe0", "without notes"),
        (b"RIFF....WAVE", "sound, not notes"),
        (chords(), "several notes at once"),
        (b"nonsense", "neither|not what"),
    ],
    ids=["empty", "no notes", "sound", "chords", "nonsense"],
)
def test_bad_notes_are_told_in_one_line_and_good_ones_beside_are_sung(infer, score, content, reason):
    bad = score.parent / "bad.mid"
    bad.write_bytes(content)
    ran = infer(bad, score, as_json=False)
    assert ran.code == 2 and (infer.out / "glow.wav").is_file() and not (infer.out / "bad.wav").exists()
    errors = [line for line in ran.said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and re.search(reason, errors[0]) and "1 of 2 songs" in ran.said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no lyrics"),
        ("?!", "word"),
        ("привет", "cannot read|word"),
        ("missing_file.txt", "no such file"),
    ],
)
def test_texts_that_cannot_be_sung(infer, score, text, reason):
    ran = infer(text, "--notes", score, *(["--language", "en-us"] if text == "привет" else []))
    assert ran.code == 2 and re.search(reason, ran.answers[0]["error"])
    assert not infer.out.exists()


def test_notes_that_no_voice_reaches(infer, score):
    ran = infer(score, "--transpose", 40)
    assert ran.code == 2 and "pitch 100 cannot be sung" in ran.answers[0]["error"]


def test_own_files_are_not_written_over(infer, score, command, capsys, glory):
    path = score.parent / "own.mid"
    path.write_bytes(midi_bytes(glory))
    assert command("infer", path, "--out", score.parent) == 2
    assert "lies where its own song would be written" in capsys.readouterr().err
    assert path.read_bytes() == midi_bytes(glory)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "no lyrics given"),
        (["la", "--voices", 0], "--voices is 0"),
        (["la", "--voices", 99], "at most 16"),
        (["la", "--tempo", 5], "--tempo is 5"),
        (["la", "--singer", "Nobody"], "choose among Ada"),
        (["la", "--harmonize", "x", "--every-part"], "one of both"),
        (["la", "--transpose", 99], "at most 48"),
    ],
)
def test_options_that_make_no_sense(command, error_of, capsys, options, reason):
    assert command("infer", *options) == 2
    assert reason in error_of(capsys)


def test_standard_input_is_lyrics(infer, score, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"Oh little star")))
    assert infer("-", "--notes", score).answers[0]["syllables"] == 4


# ---- which notes belong to which text


def test_a_folder_is_its_texts_and_the_notes_that_belong_to_none(tmp_path):
    for name in ("a.txt", "a.mid", "b.musicxml", "c.txt", "d.png"):
        (tmp_path / name).write_text("la")
    found = {source.name: source for source in song_sources([str(tmp_path)])}
    assert sorted(found) == ["a", "b", "c"]
    assert found["a"].notes == tmp_path / "a.mid" and found["a"].text() == "la"
    assert found["b"].notes == tmp_path / "b.musicxml" and found["b"].text() is None
    assert found["c"].notes is None


def test_notes_that_are_named_go_before_those_beside(tmp_path):
    for name in ("a.txt", "a.mid", "other.mid"):
        (tmp_path / name).write_text("la")
    [source] = song_sources([str(tmp_path / "a.txt")], tmp_path / "other.mid")
    assert source.notes == tmp_path / "other.mid"
    assert notes_beside(None) is None and notes_beside(tmp_path / "a.txt") == tmp_path / "a.mid"
