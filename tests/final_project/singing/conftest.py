"""Fixtures that the tests of singing share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from common.run_folder import save_model
from common.synthesis import Note
from final_project.singing import ASSIGNMENT
from final_project.singing.mini_singing import Amounts, make_mini_singing
from final_project.singing.models import ListenerConfig, build_model
from final_project.singing.song import Song, one_voice
from hw3_melody_generation.corpus import SPLIT_FILES, write_songs, write_split
from hw3_melody_generation.songs import Lyrics
from hw3_melody_generation.songs import Melody as MelodyNotes
from hw3_melody_generation.songs import Song as Melody
from hw3_melody_generation.splitting import make_split


@pytest.fixture(scope="session")
def command(command_of):
    """`command("infer", "TEXT", "--notes", FILE)` -> exit code."""
    return command_of("final_project.singing")


@pytest.fixture(scope="session")
def glory() -> Song:
    """Two lines at 120 quarter notes a minute; "glo" is held over two notes, and a rest parts the lines."""
    pitches, starts = (67, 69, 67, 65, 64, 60), (0.5, 1.0, 1.5, 2.0, 3.0, 3.5)
    ends = (1.0, 1.5, 2.0, 2.5, 3.5, 4.5)
    notes = [Note(p, start, end - start) for p, start, end in zip(pitches, starts, ends, strict=True)]
    syllables = ("Glo-", "", "ry,", "glow", "ev-", "er!")
    return one_voice("Glory", notes, syllables, lines=(0, 0, 0, 0, 1, 1), tempo=120)


@pytest.fixture(scope="session")
def melody_run(command_of, tmp_path_factory) -> Path:
    """A run folder of HW3: a Markov chain, counted on made-up songs."""
    root = tmp_path_factory.mktemp("melodies")
    songs = [made_up_song(f"song-{number}", seed=number) for number in range(40)]
    (root / "corpus").mkdir()
    write_songs(root / "corpus" / "songs.jsonl.gz", songs)
    write_split(root / "corpus" / SPLIT_FILES["honest"], {**make_split(songs), "quarters_per_beat": 1.0})
    train = command_of("hw3_melody_generation")
    assert train("train", "--model", "markov", "--data", root / "corpus", "--out", root / "run") == 0
    return root / "run"


def made_up_song(name: str, *, seed: int) -> Melody:
    """Twenty-four syllables on notes of the scale of C, one or two quarter notes each."""
    rng = np.random.default_rng(seed)
    lyrics = Lyrics(tuple(rng.choice(["riv", "er", "to", "day"], 24).tolist()), tuple(range(24)), (0,) * 24)
    pitches = rng.choice([60, 62, 64, 65, 67, 69, 71], 24)
    return Melody(name, lyrics, MelodyNotes(pitches, rng.choice([1.0, 2.0], 24), np.zeros(24)))


@pytest.fixture(scope="session")
def hummed():
    """A line of harmonics with one formant, and a hiss before each note: `hummed([(60.3, 0.2, 0.8)])`."""

    def hum(
        notes: list[tuple[float, float, float]],  # pitch, start, end
        *,
        rate: int = 16_000,
        seconds: float | None = None,
        vibrato: float = 0.0,  # semitones, at 5.5 Hz
        hiss: float = 0.06,  # s
    ) -> np.ndarray:
        times = np.arange(round((seconds or notes[-1][2] + 0.2) * rate)) / rate
        waveform = np.zeros(len(times))
        noise = np.random.default_rng(0).standard_normal(len(times))
        for pitch, start, end in notes:
            f0 = 440 * 2 ** ((pitch - 69 + vibrato * np.sin(2 * np.pi * 5.5 * (times - start))) / 12)
            fade = np.clip(np.minimum(times - start, end - times) / 0.015, 0, 1)
            phase = 2 * np.pi * np.cumsum(f0) / rate
            for number in range(1, int(0.45 * rate / f0.max()) + 1):
                height = number**-1.0 + 1.5 * np.exp(-(((number * f0 - 1200) / 250) ** 2))
                waveform += 0.08 * height * fade * np.sin(number * phase + number**2)
            waveform += 0.02 * noise * ((times >= start - hiss) & (times < start))
        return waveform.astype(np.float32)

    return hum


@pytest.fixture(scope="session")
def deaf_listener(tmp_path_factory) -> Path:
    """A model folder of the listener with random weights, which guesses."""
    folder = tmp_path_factory.mktemp("listener") / "network"
    config = ListenerConfig(width=4)
    torch.manual_seed(0)
    save_model(folder, assignment=ASSIGNMENT, config=asdict(config), tensors=build_model(config).state_dict())
    return folder


@pytest.fixture(scope="session")
def singing_data(tmp_path_factory) -> Path:
    """One voice of each split speaks two lines of a poem in each language; each sings six notes."""
    root = tmp_path_factory.mktemp("data") / "singing_tiny"
    amounts = Amounts(voices=1, lines=2, poems=1, songs=(("en", 1),), notes=6)
    make_mini_singing(root, seed=0, jobs=1, amounts=amounts)
    return root


@pytest.fixture(scope="session")
def listener_run(command, singing_data, tmp_path_factory) -> Path:
    """A run folder of two epochs."""
    run = tmp_path_factory.mktemp("runs") / "network"
    options = ("--preset", "quick", "--epochs", 2, "--data", singing_data, "--out", run)
    assert command("train", *options) == 0
    return run
