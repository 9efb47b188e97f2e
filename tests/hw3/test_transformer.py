"""Tests of transformer.py, note_context.py and generation.py: what the model may see, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hw3_melody_generation.encoding import DURATION, NUM_LYRIC_COLUMNS, PITCH, REST, SYLLABLE, collate
from hw3_melody_generation.generation import generate, generate_long
from hw3_melody_generation.note_context import (
    FIRST_PREVIOUS,
    HINTS,
    NO_INTERVAL,
    OCTAVES,
    distances,
    note_context,
)
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Metre
from hw3_melody_generation.transformer import MelodyTransformer, TransformerConfig

DURATIONS, RESTS = (0.5, 1.0, 2.0), (0.0, 1.0)
SIZES = (128, len(DURATIONS), len(RESTS))


@pytest.fixture(scope="module")
def model() -> MelodyTransformer:
    torch.manual_seed(0)
    config = TransformerConfig(width=16, heads=2, encoder_layers=1, decoder_layers=2)
    model = MelodyTransformer(config, num_syllables=9, durations=DURATIONS, rests=RESTS)
    for weight in model.parameters():  # larger than at the start, so that everything has an effect
        torch.nn.init.normal_(weight, std=0.3)
    return model.eval()


def random_batch(*lengths: int, seed: int = 0) -> dict[str, torch.Tensor]:
    random = np.random.default_rng(seed)
    lyrics = [np.sort(random.integers(0, 6, (steps, NUM_LYRIC_COLUMNS)), axis=0) for steps in lengths]
    for columns in lyrics:
        columns[:, SYLLABLE + 3 :] %= 2
        columns[:, SYLLABLE] = random.integers(0, 3, len(columns))
    highs = np.array([(50, 70), (0, 3), (0, 2)])
    notes = [random.integers(highs[:, 0], highs[:, 1], (steps, 3)) for steps in lengths]
    return collate(lyrics, notes, [Metre(4.0, 1.0) if place % 2 else None for place in range(len(lengths))])


def test_probabilities_of_all_choices_add_up_to_one(model):
    batch = random_batch(3)
    total = torch.zeros(3)
    for attribute, size in enumerate(SIZES):
        for value in range(size):
            changed = {name: tensor.clone() for name, tensor in batch.items()}
            changed["notes"][0, -1, attribute] = value
            total[attribute] += model(changed)[0, -1, attribute].exp().detach()
    assert torch.allclose(total, torch.ones(3), atol=1e-4)


def test_a_note_depends_on_those_before_it_alone(model):
    batch = random_batch(8)
    changed = {name: tensor.clone() for name, tensor in batch.items()}
    changed["notes"][0, 5:] = torch.tensor([60, 1, 0])
    before, after = model.decode(batch)[0], model.decode(changed)[0]
    assert torch.equal(before[:6], after[:6])  # row 5 tells note 5 from notes 0..4
    assert not torch.allclose(before[6:], after[6:])


def test_every_note_depends_on_the_lyrics_that_follow(model):
    batch = random_batch(8)
    changed = {name: tensor.clone() for name, tensor in batch.items()}
    changed["lyrics"][0, -1, SYLLABLE] += 1
    assert (model.decode(batch) != model.decode(changed)).any(dim=2).all()


def test_hidden_lyrics_have_no_effect(model):
    batch, other = random_batch(8), random_batch(8, seed=1)
    hidden = torch.tensor([True])
    seen, unseen = model(batch, hidden), model(batch | {"lyrics": other["lyrics"]}, hidden)
    assert torch.equal(seen, unseen)
    assert not torch.allclose(model(batch), seen)


def test_a_song_says_the_same_alone_and_beside_a_longer_one(model):
    together = random_batch(5, 9)
    alone = {name: tensor[:1, :5] if tensor.ndim > 1 else tensor[:1] for name, tensor in together.items()}
    alone["metre"] = together["metre"][:1]
    assert torch.allclose(model(together)[0, :5], model(alone)[0], atol=1e-5)


def test_steps_with_a_cache_say_what_all_notes_at_once_say(model):
    batch = random_batch(7, 7)
    for seed in range(3):
        options = {"sampling": Sampling(), "generator": torch.Generator().manual_seed(seed)}
        notes = generate(model, batch, **options)
        again = generate(model, batch, given=notes[:, :4], **options)
        assert torch.equal(again[:, :4], notes[:, :4])
    # The likeliest notes, step by step, are those that the whole forward pass finds likeliest.
    greedy = generate(model, batch, sampling=Sampling(top_k=1), generator=torch.Generator())
    x = model.decode(batch | {"notes": greedy})
    pitch, duration, rest = greedy.unbind(-1)
    before = torch.nn.functional.pad(pitch, (1, 0), value=FIRST_PREVIOUS)[:, :-1]
    assert torch.equal(model.head.rest_logits(x).argmax(-1), rest)
    assert torch.equal(model.head.duration_logits(x, rest).argmax(-1), duration)
    assert torch.equal(model.head.pitch_logits(x, rest, duration, before).argmax(-1), pitch)


def test_samples_follow_the_likelihood(model):
    """The mean log-probability of samples is minus the entropy, which each step's distribution tells."""
    batch = {
        name: tensor[:1].repeat(3000, *[1] * (tensor.ndim - 1)) for name, tensor in random_batch(1).items()
    }
    notes = generate(model, batch, sampling=Sampling(), generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(notes[:, 0, REST], minlength=2) / len(notes)
    expected = model.head.rest_logits(model.decode(batch))[0, 0].softmax(-1)
    assert torch.allclose(shares, expected, atol=0.03)


def test_only_allowed_pitches_are_chosen(model):
    allowed = torch.zeros(128, dtype=torch.bool)
    allowed[[60, 64, 67]] = True
    options = {"sampling": Sampling(guidance=1.5), "generator": torch.Generator().manual_seed(0)}
    notes = generate(model, random_batch(6, 6), allowed=allowed, **options)
    assert set(notes[..., PITCH].flatten().tolist()) <= {60, 64, 67}


def test_without_guidance_the_lyrics_are_not_heard(model):
    batch, other = random_batch(6), random_batch(6, seed=1)
    made = [
        generate(model, each, sampling=Sampling(guidance=0), generator=torch.Generator().manual_seed(0))
        for each in (batch, batch | {"lyrics": other["lyrics"]})
    ]
    assert torch.equal(*made)


def test_long_texts_are_made_in_pieces_that_go_on(model):
    batch = random_batch(23, 5)
    draws = torch.Generator().manual_seed(0)
    notes = generate_long(model, batch, window=8, sampling=Sampling(), generator=draws)
    assert notes.shape == (2, 23, 3)
    assert notes[0].unique(dim=0).shape[0] > 5
    greedy = {"sampling": Sampling(top_k=1), "generator": draws}
    short = random_batch(8)
    assert torch.equal(generate_long(model, short, window=8, **greedy), generate(model, short, **greedy))


def test_where_notes_look(model):
    looks = model.alignment(random_batch(6))
    assert looks.shape == (2, 1, 2, 6, 6)
    assert torch.allclose(looks.sum(-1), torch.ones(2, 1, 2, 6), atol=1e-5)


def test_eight_songs_are_learnt_by_heart():
    torch.manual_seed(0)
    config = TransformerConfig(width=32, heads=2, encoder_layers=1, decoder_layers=1, dropout=0)
    model = MelodyTransformer(config, num_syllables=9, durations=DURATIONS, rests=RESTS)
    batch = random_batch(*[10] * 8)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(150):
        loss = -model(batch).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2  # from log 128 + log 3 + log 2 = 6.6


# ---- the context of notes ----


def context_of(pitches, *, durations=None, rests=None, syllables=None, lines=None, metre=(0.0, 0.0)):
    steps = len(pitches)
    notes = torch.tensor([pitches, durations or [1] * steps, rests or [0] * steps]).T[None]
    lyrics = torch.zeros(1, steps, NUM_LYRIC_COLUMNS, dtype=torch.long)
    lyrics[0, :, SYLLABLE] = torch.tensor(syllables or [0] * steps)
    lyrics[0, :, 2] = torch.tensor(lines or [0] * steps)
    values = {"durations": torch.tensor(DURATIONS), "rests": torch.tensor(RESTS)}
    return note_context(notes, lyrics, torch.tensor([metre]), **values)


def test_the_context_of_a_note_is_what_came_before():
    context = context_of([60, 64, 67, 55], durations=[0, 1, 2, 0], rests=[0, 1, 0, 0])
    assert context.pitch.tolist() == [[128, 60, 64, 67]]
    assert context.duration.tolist() == [[3, 0, 1, 2]]
    assert context.rest.tolist() == [[2, 0, 1, 0]]
    assert context.interval.tolist() == [[NO_INTERVAL, NO_INTERVAL, OCTAVES + 4, OCTAVES + 3]]
    # ends of the notes: 0.5, 0.5 + 1 + 1, + 2 beats, in quarters of a beat
    assert context.position.tolist() == [[0, 2, 10, 18]]


def test_positions_follow_the_bars_where_they_are_known():
    context = context_of([60] * 5, metre=(3.0, 2.0))
    assert context.position.tolist() == [[8, 0, 4, 8, 0]]
    assert context.bar.tolist() == [[3] * 5]


def test_a_transposed_melody_has_the_same_pitch_classes_and_intervals():
    low, high = context_of([60, 64, 67, 60]), context_of([65, 69, 72, 65])
    assert torch.equal(low.pitch_classes[:, 1:], high.pitch_classes[:, 1:])
    assert torch.equal(low.interval, high.interval)
    # seen from G (67): G itself, C a fourth and E a sixth above
    assert low.pitch_classes[0, 3].nonzero().flatten().tolist() == [0, 5, 9]


def hint(context, name: str, step: int) -> list[int]:
    return [int(values[0, step]) for values in context.hints[HINTS.index(name)]]


def test_hints_tell_what_followed_the_like():
    context = context_of([60, 62, 64, 60, 62, 0], durations=[0, 1, 2, 0, 1, 0])
    assert hint(context, "melody", 5) == [OCTAVES + 2, 2, 0, 2]  # after 60, 62 came 64, of duration 2
    assert hint(context, "rhythm", 5) == [OCTAVES + 2, 2, 0, 2]
    assert hint(context, "melody", 2) == [NO_INTERVAL, 3, 2, 0]
    words = context_of([60, 62, 64, 65], syllables=[4, 5, 7, 5])
    assert hint(words, "words", 3) == [OCTAVES - 2, 1, 0, 1]  # 62 was sung on 5, seen from 64
    unknown = context_of([60, 62], syllables=[0, 0])
    assert hint(unknown, "words", 1)[0] == NO_INTERVAL


def test_the_line_before_comes_before_the_one_before_that():
    context = context_of([60, 61, 62, 63, 64, 0], lines=[0, 0, 1, 1, 2, 2])
    assert hint(context, "verse", 5) == [OCTAVES - 1, 1, 0, 2]  # 63 stood second in the line before
    assert hint(context, "verse", 2) == [OCTAVES - 1, 1, 0, 2]


def test_distances_within_running_numbers():
    from_start, to_end = distances(torch.tensor([[0, 0, 0, 1, 2, 2]]))
    assert from_start.tolist() == [[0, 1, 2, 0, 0, 1]]
    assert to_end.tolist() == [[2, 1, 0, 0, 1, 0]]


def test_the_last_row_alone():
    context = context_of([60, 62, 64])
    last = context.last()
    assert last.pitch.tolist() == [[62]]
    assert [values.shape for values in last.hints[0]] == [(1, 1)] * 4
    assert DURATION == 1
