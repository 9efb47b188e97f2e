"""What is written for a chorale: all of it or nothing, and each file is what it says."""

import io

import mido
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from common import audio
from common.cli import UserError
from common.notes_in.lines import Metre
from common.singing import SungWord
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.inputs import read_piece, voices_in
from final_project.muse2bach.midi_output import midi_bytes
from final_project.muse2bach.outputs import FORMATS, Manner, is_output, staged, write_chorale
from final_project.muse2bach.performance import (
    FERMATA,
    LEAD_IN,
    SAMPLE_RATE,
    frame_times,
    perform,
    voice_notes,
)
from final_project.muse2bach.sung_text import language_of, words_of
from final_project.muse2bach.task import make_task

MANNER = Manner(Metre(), 120.0)


def cadence(*, text=("Lo-", "bet", "Gott,", "all'"), title="Kadenz"):
    """Two bars from an upbeat: quarters, the third under a fermata."""
    chords = [(67, 62, 59, 43), (67, 64, 60, 48), (71, 62, 59, 43), (72, 64, 55, 48)]
    voices = np.repeat(np.array(chords, dtype=np.int16), [4, 4, 8, 4], axis=0)
    onsets = np.zeros(voices.shape, dtype=bool)
    onsets[[0, 4, 8, 16]] = True
    fermata = np.zeros(len(voices), dtype=bool)
    fermata[8:16] = True
    position = (np.arange(len(voices)) + 12) % 16
    return Chorale("x", voices, onsets, position, fermata, (7, "major"), title, text)


def test_every_format(tmp_path):
    done = []
    outputs = write_chorale(tmp_path, "song", cadence(), MANNER, progress=lambda: done.append(1))
    assert set(outputs) == set(FORMATS) and len(done) == len(FORMATS)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in outputs.values()}
    assert outputs["svg"].read_text().startswith("<svg") or "<svg" in outputs["svg"].read_text()[:500]
    assert Image.open(outputs["png"]).width == 1680
    (page,) = PdfReader(outputs["pdf"]).pages
    assert round(page.mediabox.width / 72 * 25.4) == 210
    assert "Kadenz" in page.extract_text() and "Gott" in page.extract_text()
    for kind in ("wav", "sung"):
        sound, rate = audio.read(outputs[kind])
        assert rate == SAMPLE_RATE and sound.shape[0] == 2
        assert 0.85 < abs(sound).max() < 0.9  # -1 dB
        expected = frame_times(cadence(), 120)[-1] + 2
        assert sound.shape[1] / rate == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("text", [("Lo-", "bet", "Gott,", "all'"), ("聖", "善", "夜", ""), None])
def test_midi_read_back(tmp_path, text):
    chorale = cadence(text=text, title="Ode “an die”")
    path = tmp_path / "song.mid"
    path.write_bytes(midi_bytes(chorale, metre=Metre(), tempo=96))
    piece, kind = read_piece(path)
    lines, notices = voices_in(piece, ("soprano", "alto", "tenor", "bass"))
    task = make_task("x", piece, lines)
    assert kind == "midi" and not notices
    assert np.array_equal(task.given, chorale.voices) and np.array_equal(task.onsets, chorale.onsets)
    assert np.array_equal(task.position, chorale.position)
    assert (task.key, task.title, task.metre) == (chorale.key, chorale.title, Metre())
    assert task.tempo == pytest.approx(96, abs=0.01)
    assert [(word or "").rstrip("-") for word in task.text or ()] == [
        word.rstrip("-") for word in chorale.text or ()
    ]
    file = mido.MidiFile(file=io.BytesIO(path.read_bytes()))
    assert [track.name for track in file.tracks[1:]] == ["Soprano", "Alto", "Tenor", "Bass"]


def test_fermatas_last_and_breathe():
    times = frame_times(cadence(), 120)
    assert times[0] == LEAD_IN and times[4] - times[0] == pytest.approx(0.5)
    assert times[16] - times[8] == pytest.approx(FERMATA)
    notes = voice_notes(cadence(), 3, times)
    assert [note.pitch for note in notes] == [43, 48, 43, 48]
    assert notes[2].end < times[16] - 0.1 and notes[1].end == pytest.approx(times[8])


def test_what_cannot_be_played():
    with pytest.raises(UserError, match="give 20 to 400"):
        frame_times(cadence(), 401)
    silent = Chorale("x", np.full((4, 4), SILENT))
    with pytest.raises(UserError, match="nobody sings"):
        perform(silent, tempo=80)


def test_words_syllables_and_languages():
    words = words_of(cadence(text=("Lo-", "bet", "", "Gott,")))
    assert words == [SungWord("Lobet", range(3), 0, (1, 2)), SungWord("Gott,", range(3, 4), 1, (1,))]
    assert language_of(words) == "de"
    assert language_of(words_of(cadence(text=("the", "light", "of", "day")))) == "en"


def test_a_text_that_cannot_be_sung_is_told(tmp_path, capsys):
    chorale = cadence(text=("...", "", "", ""))
    outputs = write_chorale(tmp_path, "song", chorale, MANNER, ("midi", "sung"))
    assert set(outputs) == {"midi"}
    assert "song_sung.wav: has a text in which nothing can be sung; left out" in capsys.readouterr().err


def test_all_files_or_none(tmp_path):
    (tmp_path / "song-3.png").touch()
    (tmp_path / "song_take2_sung.wav").touch()
    (tmp_path / "songs.mid").touch()
    with pytest.raises(RuntimeError), staged(tmp_path, ["song"]) as folder:
        (folder / "song.mid").touch()
        raise RuntimeError
    assert {path.name for path in tmp_path.iterdir()} == {"song-3.png", "song_take2_sung.wav", "songs.mid"}
    with staged(tmp_path, ["song"]) as folder:
        (folder / "song.mid").touch()
    assert {path.name for path in tmp_path.iterdir()} == {"song.mid", "songs.mid"}


def test_the_users_own_file_is_kept(tmp_path):
    own = tmp_path / "song.mid"
    own.touch()
    assert is_output(own, tmp_path, "song") and not is_output(own, tmp_path, "other")
    with pytest.raises(UserError, match="choose another --out"), staged(tmp_path, ["song"], keep=own):
        pass
    assert own.exists()
