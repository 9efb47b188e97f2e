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

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cli import UserError, at_least
from hw3_melody_generation.attention import DecoderLayer, EncoderLayer
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
        layer = {"width": width, "heads": config.heads, "dropout": config.dropout}
        self.lyrics = LyricsEmbedding(width, num_syllables)
        self.encoder = nn.ModuleList(EncoderLayer(**layer) for _ in range(config.encoder_layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.hidden_lyrics = nn.Parameter(torch.zeros(width))
        self.notes = NotesEmbedding(width, len(durations), len(rests))
        self.aligned = nn.Linear(2 * width, width)
        self.decoder = nn.ModuleList(DecoderLayer(**layer) for _ in range(config.decoder_layers))
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
