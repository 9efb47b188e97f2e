"""The melody transformer: an encoder over syllables, a decoder over notes, aligned one to one.

    lyrics -> LyricsEmbedding -> encoder: what is each syllable, in its word, its line, beside its neighbours?
    notes  -> NotesEmbedding  -> decoder: what has been sung, and which syllable comes next?
           -> NoteHead: first the rest, given it the duration, given both the pitch

Note t belongs to syllable t. So the decoder receives the encoder's view of syllable t (and of t - 1, whose
note it has just heard) along with the notes, and looks at the other syllables by cross-attention, whose bias
by distance starts where note and syllable meet. All attention is relative: a learned number per head and
distance (Shaw et al. 2018; Raffel et al. 2020), so a text may be longer than those of training.

Sources: Vaswani et al. 2017; pre-norm, Xiong et al. 2020; compound notes with one head per attribute in turn,
Hsiao et al. 2021 ("Compound Word Transformer").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cli import UserError, at_least
from hw3_melody_generation.encoding import (
    BIGRAM_BUCKETS,
    CAPITAL,
    LINE,
    PUNCTUATION,
    STRESS,
    STRESSES,
    SYLLABLE,
    TONE,
    TONES,
    WORD,
)
from hw3_melody_generation.note_context import (
    FIRST_PREVIOUS,
    HINTS,
    LONGEST,
    NUM_INTERVALS,
    POSITIONS,
    NoteContext,
    distances,
    note_context,
)

NO_REST = 0  # the first value of every vocabulary of rests is 0 beats
MAX_DISTANCE = 32  # steps; beyond, distances share one bias
LINE_PLACES = 16  # syllables from the beginning or to the end of a line, beyond which it makes no difference


@dataclass(kw_only=True)
class TransformerConfig:
    """The melody transformer."""

    width: int = 192
    """Channels of the residual stream."""
    heads: int = 6
    """Attention heads; they share the width."""
    encoder_layers: int = 2
    """Layers over the syllables."""
    decoder_layers: int = 4
    """Layers over the notes."""
    dropout: float = 0.1
    """Share of activations that training sets to zero."""
    lyrics_dropout: float = 0.1
    """Share of training windows whose lyrics are hidden, so that the model can also do without: what guidance
    needs."""

    def __post_init__(self) -> None:
        at_least(1, heads=self.heads, encoder_layers=self.encoder_layers, decoder_layers=self.decoder_layers)
        if self.width < 1 or self.width % self.heads:
            raise UserError(f"--heads {self.heads} cannot share --width {self.width}; give a divisor of it")
        for name in ("dropout", "lyrics_dropout"):
            if not 0 <= getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise UserError(f"--{option} is {getattr(self, name)}; give a share from 0 to below 1")


class LyricsEmbedding(nn.Module):
    """lyrics int64 (B, T, F) -> (B, T, D): the sum of what is known about each syllable."""

    def __init__(self, width: int, num_syllables: int) -> None:
        super().__init__()
        self.syllable = nn.Embedding(num_syllables + 1, width)
        self.bigrams = nn.Embedding(BIGRAM_BUCKETS, width, padding_idx=0)
        sizes = (4, LINE_PLACES, LINE_PLACES, STRESSES, TONES, 3, 2)
        self.features = nn.ModuleList(nn.Embedding(size, width) for size in sizes)

    def forward(self, lyrics: Tensor) -> Tensor:
        from_start, to_end = distances(lyrics[..., LINE])
        in_word, word_left = distances(lyrics[..., WORD])
        place = 2 * (in_word > 0).long() + (word_left > 0).long()  # alone, first, last, inner
        known = [lyrics[..., column] for column in (STRESS, TONE, PUNCTUATION, CAPITAL)]
        line = [distance.clamp_max(LINE_PLACES - 1) for distance in (from_start, to_end)]
        x = self.syllable(lyrics[..., SYLLABLE]) + self.bigrams(lyrics[..., CAPITAL + 1 :]).sum(dim=2)
        for embedding, values in zip(self.features, [place, *line, *known], strict=True):
            x = x + embedding(values)
        return x


class NotesEmbedding(nn.Module):
    """A NoteContext -> (B, T, D): the sum of what is known before each note."""

    def __init__(self, width: int, num_durations: int, num_rests: int) -> None:
        super().__init__()
        hint = (NUM_INTERVALS, num_durations + 1, num_rests + 1, LONGEST + 1)
        sizes = (
            129,
            num_durations + 1,
            num_rests + 1,
            *[NUM_INTERVALS] * 3,
            POSITIONS,
            16,
            *hint * len(HINTS),
        )
        self.features = nn.ModuleList(nn.Embedding(size, width) for size in sizes)
        self.pitch_classes = nn.Linear(12, width)

    def forward(self, context: NoteContext) -> Tensor:
        values = [context.pitch, context.duration, context.rest, context.interval, context.highest]
        values += [
            context.lowest,
            context.position,
            context.bar,
            *(v for hint in context.hints for v in hint),
        ]
        x = self.pitch_classes(context.pitch_classes)
        for embedding, value in zip(self.features, values, strict=True):
            x = x + embedding(value)
        return x


class Attention(nn.Module):
    """Multi-head attention with a learned bias for each head and distance."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * MAX_DISTANCE + 1))

    def keys_values(self, source: Tensor) -> Tensor:
        """(B, K, D) -> (2, B, H, K, D / H): what a query compares itself to, and what it gets."""
        return torch.stack([self._split(x) for x in self.key_value(source).chunk(2, dim=-1)])

    def forward(self, x: Tensor, keys_values: Tensor, mask: Tensor, *, first: int = 0) -> Tensor:
        """x (B, Q, D), which stands at the places from `first` on -> (B, Q, D).

        mask: bool (B or 1, Q, K), True where a query may look.
        """
        keys, values = keys_values
        bias = self._bias(mask, first)
        x = F.scaled_dot_product_attention(self._split(self.query(x)), keys, values, attn_mask=bias)
        return self.out(x.transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, keys_values: Tensor, mask: Tensor) -> Tensor:
        """Where each query looks: (B, H, Q, K), the rows sum to one."""
        query, keys = self._split(self.query(x)), keys_values[0]
        scores = query @ keys.transpose(2, 3) / math.sqrt(keys.shape[3])
        return (scores + self._bias(mask, 0)).softmax(dim=3)

    def _bias(self, mask: Tensor, first: int) -> Tensor:
        queries, keys = mask.shape[1:]
        place = torch.arange(max(first + queries, keys), device=mask.device)
        distance = (place[:keys] - place[first : first + queries, None]).clamp(-MAX_DISTANCE, MAX_DISTANCE)
        return self.bias[:, distance + MAX_DISTANCE].masked_fill(~mask[:, None], -torch.inf)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, T, D) -> (B, H, T, D / H)


class FeedForward(nn.Sequential):
    """(B, T, D) -> (B, T, D), each place by itself."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class EncoderLayer(nn.Module):
    """Syllables look at each other, then each thinks for itself. Pre-norm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention = Attention(config.width, config.heads)
        self.feed_forward = FeedForward(config.width)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(2))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, D), mask bool (B, 1, T): True where there is a syllable."""
        normed = self.norms[0](x)
        mask = mask.expand(-1, x.shape[1], -1)
        x = x + self.dropout(self.attention(normed, self.attention.keys_values(normed), mask))
        return x + self.dropout(self.feed_forward(self.norms[1](x)))


class DecoderLayer(nn.Module):
    """Notes look back at notes, then at the syllables, then each thinks for itself. Pre-norm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention = Attention(config.width, config.heads)
        self.cross_attention = Attention(config.width, config.heads)
        self.feed_forward = FeedForward(config.width)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(3))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, syllables: Tensor, mask: Tensor) -> Tensor:
        """All notes at once: x, syllables (B, T, D), mask bool (B, 1, T)."""
        x, mask = self._look_back(x), mask.expand(-1, x.shape[1], -1)
        across = self.cross_attention.keys_values(syllables)
        x = x + self.dropout(self.cross_attention(self.norms[1](x), across, mask))
        return x + self.dropout(self.feed_forward(self.norms[2](x)))

    def alignment(self, x: Tensor, syllables: Tensor, mask: Tensor) -> Tensor:
        """Where this layer looks when it gets what `forward` gets: (B, H, T, T)."""
        x, mask = self._look_back(x), mask.expand(-1, x.shape[1], -1)
        across = self.cross_attention.keys_values(syllables)
        return self.cross_attention.weights(self.norms[1](x), across, mask)

    def _look_back(self, x: Tensor) -> Tensor:
        steps, normed = x.shape[1], self.norms[0](x)
        causal = torch.ones(1, steps, steps, dtype=torch.bool, device=x.device).tril()
        return x + self.dropout(self.attention(normed, self.attention.keys_values(normed), causal))

    def step(self, x: Tensor, cache: DecoderCache, mask: Tensor) -> Tensor:
        """The next note alone, x (B, 1, D); `cache` has what those before it left, and is added to."""
        normed, at = self.norms[0](x), cache.steps
        cache.append(self.attention.keys_values(normed))
        seen = torch.ones(1, 1, at + 1, dtype=torch.bool, device=x.device)
        x = x + self.attention(normed, cache.notes, seen, first=at)
        x = x + self.cross_attention(self.norms[1](x), cache.syllables, mask, first=at)
        return x + self.feed_forward(self.norms[2](x))


class DecoderCache:
    """Keys and values of one decoder layer: of all `syllables`, and of the `notes` so far."""

    def __init__(self, syllables: Tensor, capacity: int) -> None:
        self.syllables = syllables  # (2, B, H, T, D / H)
        self._notes = torch.empty_like(syllables[:, :, :, :1]).repeat(1, 1, 1, capacity, 1)
        self.steps = 0

    @property
    def notes(self) -> Tensor:
        """(2, B, H, steps, D / H)"""
        return self._notes[:, :, :, : self.steps]

    def append(self, keys_values: Tensor) -> None:
        """Remember one more note, (2, B, H, 1, D / H)."""
        self._notes[:, :, :, self.steps : self.steps + 1] = keys_values
        self.steps += 1


class NoteHead(nn.Module):
    """(B, T, D) -> logits of rest, duration and pitch in turn, each knowing those chosen before it.

    The pitch is a choice among the steps from the previous pitch, plus one among absolute pitches.
    """

    def __init__(self, width: int, num_durations: int, num_rests: int) -> None:
        super().__init__()
        self.rest = nn.Linear(width, num_rests)
        self.rest_embedding = nn.Embedding(num_rests, width)
        self.duration_hidden, self.duration = nn.Linear(width, width), nn.Linear(width, num_durations)
        self.duration_embedding = nn.Embedding(num_durations, width)
        self.pitch_hidden = nn.Linear(width, width)
        self.interval, self.pitch = nn.Linear(width, 255), nn.Linear(width, 128)

    def rest_logits(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., rests)"""
        return self.rest(x)

    def duration_logits(self, x: Tensor, rest: Tensor) -> Tensor:
        """(..., D), (...) -> (..., durations)"""
        return self.duration(F.gelu(self.duration_hidden(x + self.rest_embedding(rest))))

    def pitch_logits(self, x: Tensor, rest: Tensor, duration: Tensor, before: Tensor) -> Tensor:
        """(..., D), three times (...) -> (..., 128); before: the previous pitch."""
        known = self.rest_embedding(rest) + self.duration_embedding(duration)
        hidden = F.gelu(self.pitch_hidden(x + known))
        step = torch.arange(128, device=x.device) - before[..., None] + 127  # 0..254
        return self.interval(hidden).gather(-1, step) + self.pitch(hidden)


class MelodyTransformer(nn.Module):
    """The whole model. durations, rests: the beats that the codes of notes stand for."""

    def __init__(
        self,
        config: TransformerConfig,
        *,
        num_syllables: int,
        durations: tuple[float, ...],
        rests: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.config, width = config, config.width
        self.register_buffer("durations", torch.tensor(durations), persistent=False)
        self.register_buffer("rests", torch.tensor(rests), persistent=False)
        self.lyrics = LyricsEmbedding(width, num_syllables)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.hidden_lyrics = nn.Parameter(torch.zeros(width))
        self.notes = NotesEmbedding(width, len(durations), len(rests))
        self.aligned = nn.Linear(2 * width, width)
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.head = NoteHead(width, len(durations), len(rests))
        self.dropout = nn.Dropout(config.dropout)
        self.apply(_initialize)

    def encode(self, batch: dict[str, Tensor], hidden: Tensor | None = None) -> Tensor:
        """The syllables in their context, (B, T, D). hidden: bool (B,), whose lyrics are not to be seen."""
        mask = batch["mask"][:, None]
        x = self.dropout(self.lyrics(batch["lyrics"]))
        for layer in self.encoder:
            x = layer(x, mask)
        x = self.encoder_norm(x)
        return x if hidden is None else torch.where(hidden[:, None, None], self.hidden_lyrics, x)

    def embed(self, batch: dict[str, Tensor], syllables: Tensor, hidden: Tensor | None = None) -> Tensor:
        """What enters the decoder, (B, T, D): syllables t and t - 1, and the notes before t."""
        previous = F.pad(syllables, (0, 0, 1, 0))[:, :-1]
        aligned = self.aligned(torch.cat([syllables, previous], dim=-1))
        return self.notes(self.context(batch, hidden)) + aligned

    def context(self, batch: dict[str, Tensor], hidden: Tensor | None = None) -> NoteContext:
        """What the notes of `batch` say about each other; hidden lyrics are not compared."""
        lyrics = batch["lyrics"] if hidden is None else batch["lyrics"] * ~hidden[:, None, None]
        return note_context(
            batch["notes"], lyrics, batch["metre"], durations=self.durations, rests=self.rests
        )

    def decode(self, batch: dict[str, Tensor], hidden: Tensor | None = None) -> Tensor:
        """(B, T, D), from which NoteHead tells note t; row t depends on the notes before t alone."""
        syllables, mask = self.encode(batch, hidden), batch["mask"][:, None]
        x = self.dropout(self.embed(batch, syllables, hidden))
        for layer in self.decoder:
            x = layer(x, syllables, mask)
        return self.decoder_norm(x)

    def forward(self, batch: dict[str, Tensor], hidden: Tensor | None = None) -> Tensor:
        """log p of pitch, duration and rest of each note given all before: float32 (B, T, 3), nats."""
        x, notes = self.decode(batch, hidden), batch["notes"]
        pitch, duration, rest = notes.unbind(dim=-1)
        before = F.pad(pitch, (1, 0), value=FIRST_PREVIOUS)[:, :-1]
        logits = (
            self.head.pitch_logits(x, rest, duration, before),
            self.head.duration_logits(x, rest),
            self.head.rest_logits(x),
        )
        chosen = [each.float().log_softmax(-1).gather(-1, notes[..., [k]]) for k, each in enumerate(logits)]
        return torch.cat(chosen, dim=-1)

    def rest_probability(self, batch: dict[str, Tensor]) -> Tensor:
        """The probability of any rest before each note, given the notes before it: float32 (B, T)."""
        nothing = self.head.rest_logits(self.decode(batch)).float().softmax(-1)[..., NO_REST]
        return 1 - nothing

    def alignment(self, batch: dict[str, Tensor]) -> Tensor:
        """Where each note looks among the syllables: float32 (layers, B, H, T, T), rows sum to one."""
        syllables, mask, looks = self.encode(batch), batch["mask"][:, None], []
        x = self.embed(batch, syllables)
        for layer in self.decoder:
            looks.append(layer.alignment(x, syllables, mask))
            x = layer(x, syllables, mask)
        return torch.stack(looks)


def _initialize(module: nn.Module) -> None:
    """Small normal weights, zero biases (GPT-2), so that at first every choice is about equally likely."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
