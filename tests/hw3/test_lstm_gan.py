"""The LSTM-GAN's networks, and what they see of notes and syllables."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from common.cli import UserError
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.encoding import (
    DURATION,
    NUM_LYRIC_COLUMNS,
    PITCH,
    REST,
    SYLLABLE,
    WORD,
    collate,
)
from hw3_melody_generation.lstm_gan import LstmGan, LstmGanConfig, pitch_steps, variation
from hw3_melody_generation.note_scale import NoteScale, rank_edges, value_edges
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.skip_gram import pair_loss, pairs, skip_gram

DURATIONS, RESTS = (0.5, 1.0, 2.0, 4.0), (0.0, 1.0)
SYLLABLES = 20


def random_notes(*shape: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    columns = (torch.randint(low, high, shape, generator=random) for low, high in ((55, 77), (0, 4), (0, 2)))
    return torch.stack(list(columns), dim=-1)


def texts(*lengths: int) -> dict[str, torch.Tensor]:
    """Lyrics of such lengths, in words of two syllables."""
    random = torch.Generator().manual_seed(1)
    rows = []
    for length in lengths:
        columns = torch.zeros(length, NUM_LYRIC_COLUMNS, dtype=torch.long)
        columns[:, SYLLABLE] = torch.randint(1, SYLLABLES + 1, (length,), generator=random)
        columns[:, WORD] = torch.arange(length) // 2
        rows.append(columns.numpy())
    return collate(rows)


@pytest.fixture(scope="module")
def model() -> LstmGan:
    torch.manual_seed(0)
    gan = LstmGan(LstmGanConfig(hidden=16), num_syllables=SYLLABLES, durations=DURATIONS, rests=RESTS)
    gan.scale.fit(random_notes(50, 20))
    gan.syllables.copy_(torch.randn(SYLLABLES + 1, 10))
    return gan.eval()


def generate(model: LstmGan, batch: dict[str, torch.Tensor], *, seed: int = 0, **options) -> torch.Tensor:
    sampling = options.pop("sampling", Sampling())
    draws = torch.Generator().manual_seed(seed)
    return model.generate(batch, sampling=sampling, generator=draws, **options)


# ---- notes as numbers ----


@pytest.mark.parametrize("layout", ["ranks", "values"])
def test_notes_come_back_from_anywhere_in_their_cells(layout):
    scale, notes = NoteScale(DURATIONS, RESTS, layout=layout), random_notes(30, 20)
    scale.fit(notes)
    for place in (0.01, 0.5, 0.99, torch.rand(notes.shape)):
        assert torch.equal(scale.codes(scale.points(notes, place)), notes)


def test_far_away_is_the_outermost_value_and_the_highest_pitch_that_was_heard():
    scale, notes = NoteScale(DURATIONS, RESTS, layout="ranks"), random_notes(30, 20)
    scale.fit(notes)
    assert scale.codes(torch.full((1, 1, 3), 99.0)).tolist() == [[[76, 3, 1]]]
    assert scale.codes(torch.full((1, 1, 3), -99.0)).tolist() == [[[55, 0, 0]]]


def test_values_are_standardized():
    """Middles of the cells of 1, 2 and 3: the numbers themselves, less their mean, over their deviation."""
    values, counts = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 1.0])
    edges = value_edges(values, counts)
    middles = (edges[1:] + edges[:-1]) / 2
    torch.testing.assert_close(middles, torch.tensor([-1.0, 0.0, 1.0]) / math.sqrt(0.5))
    assert value_edges(torch.tensor([4.0]), torch.tensor([9.0])).tolist() == [-0.5, 0.5]


def test_ranks_are_as_wide_as_values_are_frequent():
    edges = rank_edges(torch.tensor([99.5, 299.5, 0.0]))
    widths = edges[1:] - edges[:-1]
    torch.testing.assert_close(widths / widths.sum(), torch.tensor([100, 300, 0.5]) / 400.5)
    assert edges[0] == -1 and edges[-1].item() == pytest.approx(1)


def test_dequantized_ranks_are_evenly_spread():
    notes = random_notes(400, 20)
    notes[..., DURATION] = (torch.rand(400, 20) ** 3 * 4).long()
    scale = NoteScale(DURATIONS, RESTS, layout="ranks")
    scale.fit(notes)
    for column in (DURATION, REST):
        points = scale.points(notes, torch.rand(notes.shape))[..., column].flatten()
        quartiles = torch.quantile(points, torch.tensor([0.25, 0.5, 0.75]))
        torch.testing.assert_close(quartiles, torch.tensor([-0.5, 0.0, 0.5]), atol=0.05, rtol=0)


def test_a_transposition_is_a_shift():
    scale, notes = NoteScale(DURATIONS, RESTS, layout="ranks"), random_notes(30, 20)
    scale.fit(notes)
    higher = notes.clone()
    higher[..., PITCH] += 5
    shift = (scale.points(higher) - scale.points(notes))[..., PITCH]
    torch.testing.assert_close(shift, shift.mean().expand_as(shift), atol=1e-5, rtol=0)


# ---- syllables as vectors ----


def test_neighbours_resemble_those_who_keep_the_same_company():
    """0 and 1 stand beside 4, 2 and 3 beside 5: so 0 is like 1, and unlike 2."""
    random = torch.Generator().manual_seed(0)
    first, last, kind = torch.randint(2, (3, 3000), generator=random)
    lines = torch.stack([first + 2 * kind, 4 + kind, last + 2 * kind], dim=1)
    mask = torch.ones_like(lines, dtype=torch.bool)
    vectors = skip_gram(lines, mask, size=6, dimensions=3, steps=100, seed=0)
    assert vectors.shape == (6, 3)
    torch.testing.assert_close(vectors.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    alike = torch.nn.functional.cosine_similarity(vectors[0], vectors[1], dim=0)
    unlike = torch.nn.functional.cosine_similarity(vectors[0], vectors[2], dim=0)
    assert alike > 0.7 > 0.2 > unlike
    again = skip_gram(lines, mask, size=6, dimensions=3, steps=100, seed=0)
    assert torch.equal(vectors, again)


def test_pairs_are_neighbours_within_the_mask():
    lines = torch.arange(60).reshape(3, 20)
    mask = torch.ones(3, 20, dtype=torch.bool)
    mask[2, 5:] = False
    centre, neighbour = pairs(lines, mask, torch.Generator().manual_seed(0))
    assert ((centre - neighbour).abs().unique().tolist()) == [1, 2, 3]
    assert torch.equal(centre // 20, neighbour // 20)
    assert max(centre.max(), neighbour.max()) < 45 and len(centre) > 2000


def test_the_loss_of_a_pair():
    """sigmoid(0) = 1/2 for the neighbour and for each stranger; certainty costs nothing."""
    zero = torch.zeros(5, 4)
    assert pair_loss(zero, zero, zero[:3]).item() == pytest.approx(2 * math.log(2))
    sure = torch.full((5, 4), 10.0)
    assert pair_loss(sure, sure, -sure[:3]).item() == pytest.approx(0, abs=1e-6)


# ---- the networks ----


def test_shapes(model):
    batch = texts(7, 7)
    condition = model.condition(batch)
    points = model.generator(condition, model.noise(2, 7))
    logits, features = model.discriminator(points, condition, batch["mask"])
    assert condition.shape == (2, 7, 20) and points.shape == (2, 7, 3)
    assert logits.shape == (2, 7) and features.shape == (2, 7, 32)


def test_the_condition_is_a_syllable_and_the_mean_of_its_word(model):
    batch = texts(5)
    condition = model.condition(batch)[0]
    vectors = model.syllables[batch["lyrics"][0, :, SYLLABLE]]
    torch.testing.assert_close(condition[:, :10], vectors)
    for word in ((0, 1), (2, 3), (4, 4)):
        mean = (vectors[word[0]] + vectors[word[1]]) / 2
        torch.testing.assert_close(condition[list(word), 10:], mean.expand(2, -1))


def test_noise_is_fresh_for_each_step_and_partly_shared(model):
    noise = model.noise(200, 20, torch.Generator().manual_seed(0))
    fresh, shared = noise[..., :30], noise[..., 30:]
    assert noise.shape == (200, 20, 38) and -1 <= noise.min() < -0.99 and 0.99 < noise.max() <= 1
    assert torch.equal(shared, shared[:, :1].expand_as(shared))
    assert (fresh[:, 1:] != fresh[:, :-1]).float().mean() > 0.999


def test_a_batch_is_its_texts(model):
    """Padding changes nothing before it; without noise, as its draws depend on the shape."""
    still = Sampling(temperature=1e-9)
    together = generate(model, texts(9, 4, 6), sampling=still)
    batch = texts(9, 4, 6)
    for row, length in enumerate((9, 4, 6)):
        alone = {"lyrics": batch["lyrics"][row : row + 1, :length], "mask": torch.ones(1, length).bool()}
        assert torch.equal(generate(model, alone, sampling=still)[0], together[row, :length])


@pytest.mark.parametrize("length", [1, 2, 150])
def test_texts_of_any_length(model, length):
    notes = generate(model, texts(length))
    assert notes.shape == (1, length, 3) and notes.dtype == torch.int64
    assert (notes < torch.tensor([128, 4, 2])).all() and (notes >= 0).all()


def loud(model: LstmGan) -> LstmGan:
    """A copy whose outputs reach all notes, as those of a trained model do."""
    copy = LstmGan(model.config, num_syllables=SYLLABLES, durations=DURATIONS, rests=RESTS).eval()
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        copy.generator.output.weight.mul_(40)
    return copy


def test_seed_noise_and_lyrics_make_the_melody(model):
    model, batch = loud(model), texts(20, 20)
    made = generate(model, batch)
    assert torch.equal(made, generate(model, batch))
    assert not torch.equal(made, generate(model, batch, seed=1))
    other = batch | {"lyrics": batch["lyrics"].flip(0)}
    assert not torch.equal(made, generate(model, other))
    assert torch.equal(
        generate(model, batch, sampling=Sampling(temperature=1e-9)),
        generate(model, batch, sampling=Sampling(temperature=1e-9), seed=1),
    )


def test_pitches_stay_where_they_are_allowed(model):
    constraints = Constraints.parse("G", "60-72")
    made = generate(loud(model), texts(50), constraints=constraints)
    assert set(made[..., PITCH].unique().tolist()) <= {60, 62, 64, 66, 67, 69, 71, 72}
    assert len(made[..., PITCH].unique()) > 1


def test_the_discriminator_hears_notes_and_words_up_to_now(model):
    condition = model.condition(texts(12)).requires_grad_()
    points = torch.randn(1, 12, 3, requires_grad=True)
    logits, _ = model.discriminator(points, condition, torch.ones(1, 12, dtype=torch.bool))
    for source in torch.autograd.grad(logits[0, 6], (points, condition)):
        heard = source[0].abs().sum(-1) > 0
        assert heard.tolist() == [True] * 7 + [False] * 5


def test_steps_between_pitches_are_seen_up_to_a_limit():
    points = torch.zeros(1, 4, 3)
    points[0, :, PITCH] = torch.tensor([1.0, 1.0, 1.5, -3.0])
    assert pitch_steps(points).flatten().tolist() == [0, 0, 2, -4]


def test_variation_is_the_deviation_of_what_is_there():
    points = torch.randn(6, 4, 3)
    mask = torch.ones(6, 4, dtype=torch.bool)
    mask[4:, 2:] = False
    seen = variation(points, mask)
    torch.testing.assert_close(seen[3, 1], points[:, 1].std(dim=0, correction=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(seen[5, 2], points[:4, 2].std(dim=0, correction=0), rtol=1e-4, atol=1e-4)
    alike = points[:1].expand(6, -1, -1).clone().requires_grad_()
    found = variation(alike, mask)
    assert found.max() < 1e-3
    assert torch.autograd.grad(found.sum(), alike)[0].isfinite().all()


def test_without_hints_a_melody_is_judged_whatever_the_others_are(model):
    plain = LstmGan(
        replace(model.config, hints=False), num_syllables=SYLLABLES, durations=DURATIONS, rests=RESTS
    ).eval()
    batch, points = texts(8, 8), torch.randn(2, 8, 3)
    for gan, same in ((plain, True), (model, False)):
        together, _ = gan.discriminator(points, gan.condition(batch), batch["mask"])
        alone, _ = gan.discriminator(points[:1], gan.condition(batch)[:1], batch["mask"][:1])
        assert torch.allclose(together[:1], alone, atol=1e-6) == same


def test_it_is_rebuilt_from_its_tensors(model):
    again = LstmGan(model.config, num_syllables=SYLLABLES, durations=DURATIONS, rests=RESTS).eval()
    again.load_state_dict(model.state_dict(), strict=True)
    batch = texts(30)
    assert torch.equal(generate(again, batch), generate(model, batch))
    assert not model.has_likelihood


def test_wild_tensors_still_give_notes(model):
    """Of a damaged file nothing can come but odd melodies."""
    wild = loud(model)
    with torch.no_grad():
        wild.scale.pitch_edges.fill_(math.nan)
        wild.scale.heard.copy_(torch.tensor([-5, 999]))
        wild.generator.output.weight.fill_(math.nan)
    notes = generate(wild, texts(9))
    assert (notes < torch.tensor([128, 4, 2])).all() and (notes >= 0).all()


@pytest.mark.parametrize("wrong", [{"hidden": 0}, {"noise": -1}, {"dropout": 1.0}, {"layers": 0}])
def test_sizes_that_are_none_are_refused(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        replace(LstmGanConfig(), **wrong)
