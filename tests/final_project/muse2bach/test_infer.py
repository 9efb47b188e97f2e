"""infer.py: a melody in, a chorale in every format out; bad files beside good ones; nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from PIL import Image
from stand_in import StandIn

from common import audio
from common.cli import UserError
from common.notes_in.lines import Line, LineNote, Piece
from final_project.muse2bach import infer
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.harmonizer import save_baseline
from final_project.muse2bach.infer import InferConfig, parse_voices
from final_project.muse2bach.inputs import read_piece
from final_project.muse2bach.markov import fit_markov
from final_project.muse2bach.performance import SAMPLE_RATE

TUNE = """X:1
T:Air
M:4/4
L:1/4
K:G
D|GABG|cBA!fermata!G|
w:Praise God from whom all bless-ings flow, oh!
"""
PITCHES = [62, 67, 69, 71, 67, 72, 71, 69, 67]
ONSETS = [0, 1, 2, 3, 4, 5, 6, 7, 8]
MIDI = ("--formats", "midi")


@pytest.fixture
def tune(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "air.abc"
    path.write_text(TUNE)
    return path


@pytest.fixture
def stand_in(monkeypatch) -> StandIn:
    made = StandIn()
    monkeypatch.setattr(infer, "load_harmonizer", lambda folder, device: made)
    return made


@pytest.fixture
def run(command, stand_in, tmp_path, capsys):
    """Run infer.py with the stand-in: `run(tune, "--html")` -> exit code, results, standard error."""

    def call(*arguments, into="out"):
        code = command("infer", *arguments, "--model", "fake", "--out", tmp_path / into, "--json")
        captured = capsys.readouterr()
        return code, json.loads(captured.out or "[]"), captured.err

    return call


def write_midi(path, *tracks):
    """A MIDI file: a track for each list of (pitch, onset, end) in quarter notes."""
    file = mido.MidiFile(ticks_per_beat=480)
    for channel, notes in enumerate(tracks):
        events = [(round(at * 480), kind, pitch) for pitch, *span in notes for kind, at in enumerate(span)]
        track, now = mido.MidiTrack(), 0
        for tick, kind, pitch in sorted(events, key=lambda event: (event[0], -event[1])):
            name = ("note_on", "note_off")[kind]
            track.append(mido.Message(name, note=pitch, channel=channel, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def line(*pitches):
    return [(pitch, place, place + 1) for place, pitch in enumerate(pitches)]


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_every_format_tells_the_same_chorale(run, tune, tmp_path):
    code, [result], errors = run(tune, "--tempo", 120, "--html")
    out = tmp_path / "out"
    assert code == 0 and result["file"] == str(tune) and result["given"] == ["soprano"]
    endings = (".mid", ".musicxml", ".pdf", ".png", ".svg", ".wav", "_sung.wav")
    assert files_in(out) == [*(f"air{ending}" for ending in endings), "index.html"]
    (chorale,) = result["chorales"]
    assert (chorale["key"], chorale["metre"], chorale["tempo"], chorale["bars"]) == ("G major", "4/4", 120, 2)
    assert chorale["notes"]["soprano"] == {"pitch": PITCHES, "onset": ONSETS, "duration": [1] * 9}

    for kind in ("midi", "musicxml"):
        piece, _ = read_piece(Path(chorale["outputs"][kind]))
        read = sorted(piece.lines, key=lambda one: -np.mean([note.pitch for note in one.notes]))
        told = [chorale["notes"][voice]["pitch"] for voice in ("soprano", "alto", "tenor", "bass")]
        assert [[note.pitch for note in one.notes] for one in read] == told
    words = [note.text for note in read_piece(Path(chorale["outputs"]["midi"]))[0].lines[0].notes]
    assert words[:3] == ["Praise", "God", "from"] and words[6:] == ["ings", "flow,", "oh!"]
    for kind in ("wav", "sung"):
        waveform, rate = audio.read(chorale["outputs"][kind])
        assert rate == SAMPLE_RATE and chorale["seconds"] < waveform.shape[1] / rate < chorale["seconds"] + 3
        assert 0.5 < abs(waveform).max() <= 1
    assert np.asarray(Image.open(chorale["outputs"]["png"]).convert("L")).std() > 1
    assert "{{" not in (out / "index.html").read_text() and "page: " in errors


def test_the_table_for_the_screen(command, stand_in, tune, tmp_path, capsys):
    options = ("--takes", 3, "--upbeat", 1, *MIDI)
    assert command("infer", tune, *options, "--model", "fake", "--out", tmp_path / "out") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(tune) and lines[1].split() == ["given", "soprano"]
    assert "G major, 4/4, 2 bars at 80 quarter notes a minute" in lines[2]
    assert "of 3 takes, -" in lines[3] and lines[4].endswith("out/air.mid")


def test_a_bass_is_harmonized_upwards(run, tmp_path):
    bass = write_midi(tmp_path / "bass.mid", line(43, 48, 50, 43))
    code, [result], _ = run(bass, "--given", "bass", *MIDI)
    notes = result["chorales"][0]["notes"]
    assert code == 0 and notes["bass"]["pitch"] == [43, 48, 50, 43] and result["given"] == ["bass"]
    assert min(notes["soprano"]["pitch"]) >= 60


def test_two_voices_are_given_and_two_filled_in(run, stand_in, tmp_path):
    duet = write_midi(tmp_path / "duet.mid", line(67, 69, 71, 72), line(43, 42, 43, 48))
    code, [result], _ = run(duet, "--given", "soprano,bass", "--takes", 1, *MIDI)
    notes = result["chorales"][0]["notes"]
    assert code == 0 and result["notices"] == []
    assert (notes["soprano"]["pitch"], notes["bass"]["pitch"]) == ([67, 69, 71, 72], [43, 42, 43, 48])


def test_options_reach_the_harmonizer_and_the_score(run, stand_in, tune):
    options = ("--temperature", 0.7, "--gibbs", 2, "--no-avoid-parallels", "--seed", 3, "--takes", 5)
    written = ("--key", "Em", "--metre", "2/4", "--transpose", 2, "--fermata", "2.2", *MIDI)
    code, [result], _ = run(tune, *options, *written)
    (call,) = stand_in.calls
    assert code == 0 and (call["temperature"], call["gibbs"], call["avoid_parallels"]) == (0.7, 2, False)
    assert (call["seed"], call["count"], call["key"]) == (3, 5, (4, "minor"))
    assert np.flatnonzero(call["fermata"]).tolist() == [16, 17, 18, 19]
    (chorale,) = result["chorales"]
    assert (chorale["key"], chorale["metre"]) == ("E minor", "2/4")
    assert chorale["notes"]["soprano"]["pitch"] == [pitch + 2 for pitch in PITCHES]


def test_chords_are_sung_where_they_are_asked_for(run, tune):
    code, [result], _ = run(tune, "--chord", "1.1=G/B", "--chord", "2.2=G7", "--takes", 2, *MIDI)
    notes = result["chorales"][0]["notes"]
    at = {v: dict(zip(part["onset"], part["pitch"], strict=True)) for v, part in notes.items()}
    assert code == 0 and at["bass"][1] % 12 == 11 and at["bass"][6] % 12 == 7
    for voice in ("alto", "tenor"):
        assert {at[voice][1] % 12} <= {7, 11, 2} and {at[voice][6] % 12} <= {7, 11, 2, 5}


def test_a_chorale_from_nothing(run, stand_in, tmp_path):
    code, [result], _ = run("--compose", 2, "--metre", "3/4", "--key", "D", *MIDI)
    assert code == 0 and result["given"] == [] and files_in(tmp_path / "out") == ["composed.mid"]
    (chorale,) = result["chorales"]
    assert (chorale["key"], chorale["metre"], chorale["tempo"]) == ("D major", "3/4", 80)
    assert chorale["notes"]["alto"]["onset"][-1] + chorale["notes"]["alto"]["duration"][-1] == 6


def test_the_breath_of_a_recording_is_sung_through(run, tmp_path, monkeypatch):
    heard = Line("the recording", tuple(LineNote(place, place + 0.5, 67 + place) for place in range(3)))
    monkeypatch.setattr(infer, "read_piece", lambda path, tempo: (Piece((heard,), tempo=tempo), "recording"))
    code, [result], _ = run(tmp_path / "hummed.wav", "--tempo", 66, *MIDI)
    (chorale,) = result["chorales"]
    assert code == 0 and chorale["tempo"] == 66
    assert chorale["notes"]["soprano"]["duration"] == [1, 1, 0.5]


def test_the_best_are_kept_in_order_and_the_same_each_time(run, tune, tmp_path):
    options = (tune, *MIDI, "--takes", 6, "--keep", 3)
    code, [result], _ = run(*options, "--seed", 5)
    takes = result["chorales"]
    assert code == 0 and [take["name"] for take in takes] == ["air", "air_take2", "air_take3"]
    order = [(sum(take["broken"].values()), -take["log_likelihood"]) for take in takes]
    assert order == sorted(order)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    _, [again], _ = run(*options, "--seed", 5)
    assert again == result
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    _, [other], _ = run(tune, *MIDI, "--seed", 6)
    assert other["chorales"][0]["notes"] != takes[0]["notes"]
    assert files_in(tmp_path / "out") == ["air.mid"]  # the takes of the other chorale are gone


def test_bad_files_beside_good_ones(run, tune, tmp_path):
    folder = tune.parent
    silence = np.zeros(SAMPLE_RATE)
    soundfile.write(folder / "silence.wav", silence, SAMPLE_RATE)
    (folder / "notes.txt").write_text("do re mi")
    (folder / "empty.mid").write_bytes(b"")
    (folder / "cut.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\1\0")
    (folder / "nothing").mkdir()
    files = {
        tune: None,
        folder / "silence.wav": "silent",
        folder / "notes.txt": "neither MIDI, MusicXML, ABC nor sound",
        folder / "empty.mid": "empty, 0 bytes",
        folder / "cut.mid": "MIDI file",
        write_midi(folder / "mute.mid", []): "a MIDI file without notes",
        write_midi(folder / "chords.mid", line(67, 69) + line(60, 64)): "several notes at once",
        write_midi(folder / "wide.mid", line(40, 90)): "too wide for one voice",
        folder / "nowhere.abc": "no such file",
        folder / "nothing": "a folder without music",
        write_midi(folder / "good.mid", line(67, 69)): None,
    }
    code, results, errors = run(*files, *MIDI)
    assert code == 2 and [result["file"] for result in results] == [str(path) for path in files]
    for result, expected in zip(results, files.values(), strict=True):
        assert (expected is None) == ("error" not in result)
        assert expected is None or (expected in result["error"] and "\n" not in result["error"])
    assert errors.count("error: ") == 9 and "9 of 11 files could not be used" in errors
    assert "Traceback" not in errors and files_in(tmp_path / "out") == ["air.mid", "good.mid"]


def test_a_chord_that_cannot_be_is_one_error_and_leaves_nothing(run, tune, tmp_path):
    for chord, message in (("9.1=G", "outside of the piece"), ("1.1=F", "the given soprano has pitch 67")):
        code, [result], errors = run(tune, "--chord", chord, *MIDI)
        assert code == 2 and message in result["error"] and not (tmp_path / "out").exists()


def test_what_fails_midway_leaves_nothing_and_what_was_there_stays(run, tune, tmp_path, monkeypatch):
    run(tune, *MIDI)
    before = (tmp_path / "out" / "air.mid").read_bytes()
    monkeypatch.setattr(infer, "write_chorale", half_written)
    code, [result], _ = run(tune, *MIDI, "--seed", 1)
    assert code == 2 and result["error"] == "the ink is out; buy some"
    assert files_in(tmp_path / "out") == ["air.mid"] and (tmp_path / "out" / "air.mid").read_bytes() == before


def half_written(folder, name, *rest, **options):
    (folder / f"{name}.mid").write_bytes(b"MThd")
    raise UserError("the ink is out; buy some")


def test_the_users_own_file_is_not_replaced(run, tmp_path):
    own = write_midi(tmp_path / "own.mid", line(67, 69))
    before = own.read_bytes()
    code, [result], _ = run(own, *MIDI, into=".")
    assert code == 2 and "choose another --out" in result["error"] and own.read_bytes() == before


def test_files_of_one_name_and_folders(run, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_midi(tmp_path / folder / "song.mid", line(67, 69))
    code, results, _ = run(tmp_path / "a", tmp_path / "b" / "song.mid", *MIDI)
    assert code == 0 and files_in(tmp_path / "out") == ["song.mid", "song_2.mid"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name files to harmonize, or give --compose"),
        ({"files": ("a",), "compose": 4}, "and not both"),
        ({"compose": 0}, "--compose is 0; give at least 1"),
        ({"files": ("a",), "given": "cello"}, "--given cello: name one to three of soprano"),
        ({"files": ("a",), "given": "soprano,alto,tenor,bass"}, "name one to three"),
        ({"files": ("a",), "takes": 2, "keep": 3}, "--keep is 3, but --takes only 2"),
        ({"files": ("a",), "takes": 1000}, "--takes is 1000; give at most 256"),
        ({"files": ("a",), "tempo": 5.0}, "--tempo is 5; give 20 to 400"),
        ({"files": ("a",), "chord": ("4=G",)}, "no place; give bar and beat"),
        ({"files": ("a",), "key": "H"}, "--key H: no such key"),
        ({"files": ("a",), "metre": "0/4"}, "--metre 0/4: give a time signature"),
        ({"files": ("a",), "formats": ()}, "--formats names nothing"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(UserError, match=message):
        InferConfig(**options)


def test_voices_are_named_with_commas():
    assert parse_voices("soprano") == ("soprano",) and parse_voices("Bass, soprano") == ("bass", "soprano")


def test_without_a_model_there_is_one_line(command, tune, tmp_path, capsys, error_of, monkeypatch):
    assert command("infer", tune, "--model", tmp_path / "nowhere") == 2
    assert "nowhere" in error_of(capsys)
    monkeypatch.chdir(tmp_path)  # where no run is
    assert command("infer", tune) == 2
    assert "train one with final_project/muse2bach/train.py" in error_of(capsys)


# ---- with a real model, trained on very little


@pytest.fixture(scope="module")
def markov_run(tmp_path_factory) -> Path:
    """The model folder of a Markov chain of cadences in several keys."""
    chords = [(67, 62, 59, 43), (69, 62, 57, 42), (71, 62, 59, 43), (72, 64, 60, 48), (71, 62, 59, 43)]
    chords += [(69, 64, 60, 45), (69, 62, 54, 50), (67, 62, 59, 43)]
    voices = np.repeat(np.array(chords, dtype=np.int16), 4, axis=0)
    position = np.arange(len(voices)) % 16
    fermata = np.arange(len(voices)) >= len(voices) - 4
    chorale = Chorale("x", voices, None, position, fermata, (7, "major"))
    transposed = [chorale.transposed(semitones) for semitones in range(-3, 4)]
    folder = tmp_path_factory.mktemp("runs") / "markov"
    save_baseline(folder, fit_markov(transposed, transposed[:1]))
    return folder


def test_a_real_model_keeps_to_what_is_given_and_to_its_seed(command, markov_run, tune, tmp_path, capsys):
    options = ("--chord", "1.1=G", "--takes", 2, "--gibbs", 1, "--device", "cpu", "--json", *MIDI)
    answers = []
    for _ in range(2):
        assert command("infer", tune, "--model", markov_run, "--out", tmp_path / "out", *options) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    (chorale,) = answers[0][0]["chorales"]
    assert chorale["notes"]["soprano"] == {"pitch": PITCHES, "onset": ONSETS, "duration": [1] * 9}
    at = {
        voice: dict(zip(notes["onset"], notes["pitch"], strict=True))
        for voice, notes in chorale["notes"].items()
    }
    assert at["bass"][1] % 12 == 7 and {at["alto"][1] % 12, at["tenor"][1] % 12} <= {7, 11, 2}
    assert -5 < chorale["log_likelihood"] < -0.01
    assert (chorale["broken"]["parallel_fifths"], chorale["broken"]["parallel_octaves"]) == (0, 0)
