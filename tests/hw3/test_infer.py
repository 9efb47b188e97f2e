"""infer.py: lyrics in, a melody in every format out; bad texts beside good ones; nothing half-written."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import music21
import numpy as np
import pretty_midi
import pytest
import torch
from PIL import Image

from common import audio
from common.cli import UserError
from common.run_folder import save_model
from hw3_melody_generation import ASSIGNMENT, infer, song_files
from hw3_melody_generation.melody_model import MelodyModelConfig, build_model
from hw3_melody_generation.songs import Melody, Metre
from hw3_melody_generation.transformer import TransformerConfig

TWINKLE = "Twinkle, twinkle, little star,\nHow I wonder what you are!"
SYLLABLES = ["Twin", "kle", "twin", "kle", "lit", "tle", "star"]
SYLLABLES += ["How", "I", "won", "der", "what", "you", "are"]
FEW = ("--no-musicxml", "--no-score", "--no-roll", "--no-wav")  # MIDI alone


class FakeGenerator:
    """Draws melodies with numpy, in beats of eighths, and finds low ones likelier."""

    quarters_per_beat = 0.5
    has_likelihood = True

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def generate(self, lyrics, *, sampling, seed, constraints, metre):
        self.calls.append({"sampling": sampling, "seed": seed, "constraints": constraints, "metre": metre})
        rng = np.random.default_rng(seed)
        allowed = np.flatnonzero(constraints.allowed_pitches().numpy())
        allowed = allowed[(allowed >= 60) & (allowed <= 77)]
        return [
            Melody(
                rng.choice(allowed, len(text)),
                rng.choice([1.0, 2.0], len(text)),
                rng.choice([0.0, 0.0, 2.0], len(text)),
                bars,
            )
            for text, bars in zip(lyrics, metre, strict=True)
        ]

    def log_probability(self, songs):
        pitches = np.array([song.melody.pitch for song in songs], dtype=np.float32)
        return np.stack([-pitches / 60, -np.ones_like(pitches), np.zeros_like(pitches)], axis=2)


class FakeChorales(FakeGenerator):
    """The same in quarter notes, with bars."""

    quarters_per_beat = 1.0


@pytest.fixture
def generator(monkeypatch):
    fake = FakeGenerator()
    monkeypatch.setattr(infer, "load_generator", lambda folder, device: fake)
    return fake


@pytest.fixture
def run(command, generator, tmp_path, capsys):
    """Run infer.py with the fake model: `run("la la", "--html")` -> exit code, results, standard error."""

    def call(*arguments, into: str = "out") -> tuple[int, list[dict], str]:
        code = command("infer", *arguments, "--model", "fake", "--out", tmp_path / into, "--json")
        captured = capsys.readouterr()
        return code, json.loads(captured.out or "[]"), captured.err

    return call


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_every_format_tells_the_same_melody(run, tmp_path):
    code, [result], errors = run(TWINKLE, "--key", "G", "--tempo", 90, "--n", 3, "--html")
    name = "twinkle_twinkle_little_star_how"
    assert code == 0 and (result["file"], result["syllables"], result["lines"]) == (TWINKLE, 14, 2)
    assert files_in(tmp_path / "out") == sorted(
        [f"{name}{end}" for end in (".mid", ".musicxml", ".png", ".svg", ".wav", "_roll.png")]
        + ["index.html"]
    )
    [melody] = result["melodies"]
    assert set(melody["outputs"]) == {"midi", "musicxml", "svg", "png", "roll", "wav"}
    assert (melody["key"], melody["tempo"], melody["metre"]) == ("G major", 90, "4/4")
    notes = melody["notes"]
    assert notes["syllable"] == SYLLABLES and set(notes["pitch"]) <= {
        p for p in range(128) if p % 12 in (7, 9, 11, 0, 2, 4, 6)
    }
    seconds = [notes["onset"][-1] + notes["duration"][-1], melody["seconds"] * 90 / 60]
    assert seconds[0] == pytest.approx(seconds[1], abs=1e-3)

    played = music21.converter.parse(melody["outputs"]["musicxml"]).flatten()
    heard = [note.pitch.midi for note in played.notes if isinstance(note, music21.note.Note) and note.lyric]
    assert heard == notes["pitch"]
    words = pretty_midi.PrettyMIDI(melody["outputs"]["midi"]).lyrics
    assert [re.sub(r"\W", "", word.text) for word in words] == SYLLABLES
    waveform, rate = audio.read(melody["outputs"]["wav"])
    assert rate == 44_100 and melody["seconds"] < waveform.shape[1] / rate < melody["seconds"] + 4
    assert 0.1 < np.abs(waveform).max() <= 1
    for kind in ("png", "roll"):
        assert np.asarray(Image.open(melody["outputs"][kind]).convert("L")).std() > 1
    assert "{{" not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The folder of a very small transformer with random weights, as of chorales."""
    torch.manual_seed(0)
    network = TransformerConfig(width=16, heads=2, encoder_layers=1, decoder_layers=1)
    notes = {"durations": (0.5, 1.0, 2.0), "rests": (0.0, 1.0), "quarters_per_beat": 1.0}
    config = MelodyModelConfig(network=network, syllables=("la",), window=8, **notes)
    folder = tmp_path_factory.mktemp("runs") / "random"
    weights = build_model(config).state_dict()
    save_model(folder, assignment=ASSIGNMENT, config=asdict(config), tensors=weights)
    return folder


def test_a_real_model_keeps_to_key_and_range_and_its_seed(command, model, tmp_path, capsys):
    options = ("--n", 3, "--key", "D", "--range", "A2-D4", "--top-k", 20, "--guidance", 2, "--device", "cpu")
    answers = []
    for _ in range(2):
        assert command("infer", TWINKLE, *FEW, *options, "--model", model, "--out", tmp_path, "--json") == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    [melody] = answers[0][0]["melodies"]
    assert {pitch % 12 for pitch in melody["notes"]["pitch"]} <= {2, 4, 6, 7, 9, 11, 1}
    assert all(45 <= pitch <= 62 for pitch in melody["notes"]["pitch"])
    assert melody["tempo"] == 80 and -20 < melody["log_likelihood"] < -2


def test_it_sings(run, tmp_path):
    code, [result], _ = run("La la la", "--sing", "--no-score", "--no-roll", "--no-wav", "--no-musicxml")
    assert code == 0 and files_in(tmp_path / "out") == ["la_la_la.mid", "la_la_la_sung.wav"]
    waveform, _ = audio.read(result["melodies"][0]["outputs"]["sung"])
    assert np.abs(waveform).max() > 0.1


def test_the_best_are_kept_in_order_and_the_same_each_time(run, tmp_path, generator):
    code, [result], _ = run(TWINKLE, *FEW, "--n", 6, "--keep", 3, "--seed", 5)
    assert code == 0 and generator.calls[0]["seed"] == 5
    takes = result["melodies"]
    name = "twinkle_twinkle_little_star_how"
    assert [take["name"] for take in takes] == [name, f"{name}_take2", f"{name}_take3"]
    order = [(len(take["failed"]), -take["log_likelihood"]) for take in takes]
    assert order == sorted(order)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(before) == {f"{take['name']}.mid" for take in takes}
    _, [again], _ = run(TWINKLE, *FEW, "--n", 6, "--keep", 3, "--seed", 5)
    assert again == result
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    _, [other], _ = run(TWINKLE, *FEW, "--n", 6, "--seed", 6)
    assert other["melodies"][0]["notes"] != takes[0]["notes"]
    assert files_in(tmp_path / "out") == [f"{name}.mid"]  # the takes of the other melody are gone


def test_options_reach_the_generator(run, generator):
    options = ("--temperature", 0.8, "--top-k", 5, "--top-p", 0.9, "--guidance", 1.5, "--range", "C4-C5")
    code, [result], _ = run("La la la la", *FEW, *options, "--n", 2)
    assert code == 0
    [call] = generator.calls
    sampling = call["sampling"]
    assert (sampling.temperature, sampling.top_k, sampling.top_p, sampling.guidance) == (0.8, 5, 0.9, 1.5)
    assert call["constraints"].bounds == (60, 72) and set(call["metre"]) == {None}
    assert all(60 <= pitch <= 72 for pitch in result["melodies"][0]["notes"]["pitch"])


def test_without_bars_in_the_data_bars_are_laid_where_they_fit(run):
    _, [result], _ = run(TWINKLE, *FEW, "--metre", "3/4")
    assert result["melodies"][0]["metre"] == "3/4" and result["melodies"][0]["tempo"] == 120
    assert result["melodies"][0]["notes"]["onset"][0] == 0


def test_with_bars_in_the_data_the_upbeat_is_up_to_the_model(run, monkeypatch):
    fake = FakeChorales()
    monkeypatch.setattr(infer, "load_generator", lambda folder, device: fake)
    _, [result], _ = run(TWINKLE, *FEW, "--n", 4)
    assert fake.calls[0]["metre"] == [Metre(4.0), Metre(4.0, 3.0)] * 2
    assert result["melodies"][0]["tempo"] == 80
    run(TWINKLE, *FEW, "--metre", "6/8", "--upbeat", 0.5, "--n", 2)
    assert fake.calls[1]["metre"] == [Metre(3.0, 2.5, beat_type=8)] * 2


def test_text_files_standard_input_and_names_that_are_taken(run, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"Row, row, row your boat")))
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "song.txt")
        paths[-1].write_text(f"{folder.upper()}men")
    code, results, _ = run(*paths, "-", "../../over the hills", *FEW)
    assert code == 0 and [result["file"] for result in results] == [
        *map(str, paths),
        "-",
        "../../over the hills",
    ]
    assert files_in(tmp_path / "out") == ["lyrics.mid", "over_the_hills.mid", "song.mid", "song_2.mid"]


def test_bad_texts_beside_good_ones(run, tmp_path):
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)))
    (tmp_path / "empty.txt").write_text(" \n\n")
    (tmp_path / "folder").mkdir()
    texts = [
        "La la la",
        "",
        str(tmp_path / "binary.txt"),
        str(tmp_path / "empty.txt"),
        "🎵🎶",
        "Привет, мир",
        str(tmp_path / "folder"),
        "nowhere.txt",
        "Amen",
    ]
    code, results, errors = run(*texts, *FEW)
    assert code == 2 and [result["file"] for result in results] == texts
    assert [place for place, result in enumerate(results) if "error" not in result] == [0, 8]
    assert "7 of 9 texts could not be used" in errors and "Traceback" not in errors
    assert errors.count("error: ") == 7 and all("\n" not in result.get("error", "") for result in results)
    assert files_in(tmp_path / "out") == ["amen.mid", "la_la_la.mid"]


@pytest.mark.parametrize(("text", "syllables"), [("Oh", 1), ("I ♥ you 🎵 7 times", None), ("Amen " * 8, 16)])
def test_short_and_strange_texts(run, text, syllables):
    code, [result], _ = run(text, *FEW)
    assert code == 0 and result["syllables"] == (syllables or result["syllables"]) > 0
    assert len(result["melodies"][0]["notes"]["pitch"]) == result["syllables"]


def test_five_thousand_syllables(run, tmp_path, monkeypatch):
    text = tmp_path / "long.txt"
    text.write_text("La la la la la la la la.\n" * 625)
    code, [result], errors = run(text, "--n", 2, "--no-musicxml", "--no-score", "--no-roll")
    assert code == 0 and result["syllables"] == 5000 and result["lines"] == 625
    assert "too long to be played" in errors and files_in(tmp_path / "out") == ["long.mid"]
    monkeypatch.setattr(infer, "MOST_SYLLABLES", 4999)
    code, [result], _ = run(text)
    assert code == 2 and result["error"] == "has 5,000 syllables; give at most 4,999 at a time"


def test_what_fails_in_the_middle_leaves_nothing(run, tmp_path, monkeypatch):
    def fail(*args, **options):
        raise UserError("no FluidSynth on this machine; install it")

    run("La la la", *FEW)
    before = (tmp_path / "out" / "la_la_la.mid").read_bytes()
    monkeypatch.setattr(song_files, "perform", fail)
    code, [result], errors = run("La la la", "--no-score", "--no-roll", "--seed", 9)
    assert code == 2 and result["error"] == "no FluidSynth on this machine; install it"
    assert files_in(tmp_path / "out") == ["la_la_la.mid"]  # of the call before
    assert (tmp_path / "out" / "la_la_la.mid").read_bytes() == before
    run("Amen", "--no-score", "--no-roll", into="new")
    assert not (tmp_path / "new").exists()

    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(song_files, "perform", interrupt)
    code, _, errors = run("Amen", "--no-score", "--no-roll", into="new")
    assert code == 130 and "interrupted" in errors and not (tmp_path / "new").exists()


def test_lyrics_are_not_replaced_by_their_own_score(run, tmp_path):
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "song.svg"
    path.write_text("La la la")
    code, [result], _ = run(path)
    assert code == 2 and "choose another --out" in result["error"]
    assert path.read_text() == "La la la" and files_in(tmp_path / "out") == ["song.svg"]


def test_a_short_table_on_the_screen(command, generator, tmp_path, capsys):
    out = tmp_path / "out"
    assert command("infer", TWINKLE, "Amen", *FEW, "--model", "fake", "--out", out, "--key", "C") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Twinkle, twinkle, little star, How I wonder w..."
    assert lines[1] == "  lyrics  14 syllables, 2 lines, en"
    assert re.fullmatch(
        r"  melody  C major, [A-G][b#]?\d-[A-G][b#]?\d, 4/4, \d+ bars at 120 quarter notes a minute, 0:\d\d",
        lines[2],
    )
    assert re.match(
        r"  chosen  of 8 melodies, -2\.\d\d nats per note, (all checks passed|checks not passed: )", lines[3]
    )
    assert lines[4] == f"  files   {out}/twinkle_twinkle_little_star_how.mid"
    assert lines[5:7] == ["Amen", "  lyrics  2 syllables, 1 line, en"]


def test_the_newest_finished_run_is_the_default(command, generator, tmp_path, monkeypatch, capsys):
    (tmp_path / "newest").mkdir()
    for name in ("config.json", "validation.json"):
        (tmp_path / "newest" / name).write_text("{}")
    monkeypatch.setattr(infer, "RUNS", tmp_path)
    assert command("infer", "Amen", *FEW, "--out", tmp_path / "out") == 0
    assert f"model: {tmp_path / 'newest'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--key", "H"], "--key H: no such key"),
        (["--key", "G#"], "--key G#: has more than seven signs; give Ab major"),
        (["--range", "C4-C4"], "--range C4-C4: holds 1 note; give one that holds at least 3"),
        (["--range", "C4-Eb4", "--key", "F#"], "--range C4-Eb4: holds 2 notes of F# major"),
        (["--range", "high"], "--range high: give two notes"),
        (["--temperature", 0], "--temperature is 0.0; give a value above 0"),
        (["--top-p", 0], "--top-p is 0.0"),
        (["--top-k", -1], "--top-k is -1"),
        (["--n", 0], "--n is 0; give at least 1"),
        (["--n", 5000], "--n is 5000; give at most 1000"),
        (["--keep", 9], "--keep is 9, but --n only 8"),
        (["--tempo", 0], "--tempo is 0; give 20 to 400"),
        (["--tempo", "nan"], "--tempo is nan; give 20 to 400"),
        (["--metre", "4"], "--metre 4: give a time signature"),
        (["--metre", "3/7"], "--metre 3/7: give a time signature"),
        (
            ["--metre", "3/4", "--upbeat", 3],
            "--upbeat is 3; give 0 or more quarter notes, less than a bar of 3",
        ),
    ],
)
def test_wrong_options_are_one_line(command, options, reason, error_of, capsys):
    assert command("infer", "La la", *options, "--model", "fake") == 2
    assert error_of(capsys).startswith(f"error: {reason}")


def test_no_lyrics_no_run_no_model(command, tmp_path, monkeypatch, error_of, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments, reason in (
        ([], "no lyrics given"),
        (["la"], "runs/hw3: no finished run; train one with hw3/train.py, or name one with --model"),
        (["la", "--model", tmp_path], f"{tmp_path}: not a model folder"),
    ):
        assert command("infer", *arguments) == 2
        assert error_of(capsys).startswith(f"error: {reason}")
