"""Prompts as networks read them: text encoders, loaded when a prompt is to be read (spec 10.5).

A text encoder is larger than what it says, and a prompt is read once. So encoders are built for
one prompt, on the device, in float32, one after the other, and let go. transformers is imported
here alone.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rdpcodec.compute import neutral
from rdpcodec.errors import ISSUE, PriorError, PriorUnavailableError, UsageError, lacks_memory
from rdpcodec.priors.diffusers.conditioning import Conditioning, Told
from rdpcodec.priors.diffusers.files import find_weights
from rdpcodec.priors.diffusers.index import Index, read_config, read_object
from rdpcodec.priors.diffusers.kinds import FLUX, SD3, SDXL, TOKENIZERS, Kind, tokenizer_of
from rdpcodec.priors.diffusers.noise_levels import Config
from rdpcodec.priors.diffusers.quiet import quiet
from rdpcodec.priors.diffusers.settings import INTEGER_MAX, TEXT_MAX, known_settings, settings_of
from rdpcodec.priors.diffusers.source import (
    Source,
    answering,
    reason,
    transformers_library,
    unavailable,
)
from rdpcodec.priors.diffusers.tensors import Weights

T5 = "T5EncoderModel"
FLOAT32_BYTES, ROOM = 4, 1.2
CONFIGS = {
    "CLIPTextModel": "CLIPTextConfig",
    "CLIPTextModelWithProjection": "CLIPTextConfig",
    T5: "T5Config",
}
T5_TOKENS = {SD3.name: 256, FLUX.name: 512}
TOKENIZER_FILE_BYTES_MAX = 64 * 2**20
# Some tokenizers read any length, and say so by a number that has no bound.
INTEGERS_MAX: dict[Any, float] = {"extra_ids": 1024, "model_max_length": math.inf}
SHARED, EMBEDDED = "shared.weight", "encoder.embed_tokens.weight"  # T5's, one and the same
OLD_PREFIX = "text_model."
VOCABULARIES = ("tokenizer.json", "vocab.json")
TOKENIZER_FILES = (
    *VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)


@dataclass(frozen=True)
class Encoder:
    """A text encoder of a pipeline, still on disk.

    Attributes:
        class_name: Its class in transformers.
        settings: What it is built with.
        weights: Its tensors.
        tokenizer: Of transformers.
        tokens: How many it reads.
        where: Whose it is, for sentences.
    """

    class_name: str
    settings: Config
    weights: Weights
    tokenizer: Any
    tokens: int
    where: str

    def ids(self, prompt: str) -> list[int]:
        """Return the prompt's tokens, filled up or cut to `tokens`."""
        with answering(self.where):
            found = self.tokenizer(
                prompt, padding="max_length", max_length=self.tokens, truncation=True
            )
            ids = [int(each) for each in found.input_ids]
        most = self.settings["vocab_size"]
        if not all(0 <= each < most for each in ids):  # a device would fail for good
            raise _misfit(self, f"its tokenizer knows tokens beyond the {most} there are")
        return ids

    def reads_all(self, prompt: str) -> bool:
        """Return whether no token of the prompt is cut away."""
        with answering(self.where):
            return len(self.tokenizer(prompt).input_ids) <= self.tokens


class Text:
    """The text encoders of a pipeline, in the order of its index.

    Attributes:
        encoders: Those that it has.
    """

    def __init__(self, kind: Kind, encoders: tuple[Encoder, ...], width: int, device: str) -> None:
        """Take the encoders.

        Args:
            kind: Of the pipeline.
            encoders: They are loaded whenever a prompt is read.
            width: Numbers for each token that transformers read.
            device: Torch's name of the device.
        """
        self._kind, self.encoders = kind, encoders
        self._width, self._device = width, device

    @neutral()
    def read(self, prompt: str) -> Told:
        """Return what the network is told for a prompt, empty for nothing.

        Raises:
            UsageError: If the prompt is longer than what any of the encoders reads.
            PriorError: If their weights do not fit.
        """
        if not any(encoder.reads_all(prompt) for encoder in self.encoders):
            most = max(encoder.tokens for encoder in self.encoders)
            message = f"the prompt has more than the {most} tokens that the prior reads"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        ids = [encoder.ids(prompt) for encoder in self.encoders]
        with quiet():
            outputs = [
                self._run(encoder, each) for encoder, each in zip(self.encoders, ids, strict=True)
            ]
        conditioning = self._join(outputs)
        return Told(
            conditioning,
            {
                "prompt": prompt,
                "encoders": [
                    {
                        "class": encoder.class_name,
                        **settings_of(encoder.class_name, encoder.settings),
                        "weights_sha256": encoder.weights.digest(),
                        "tokens_sha256": _digest(each),
                    }
                    for encoder, each in zip(self.encoders, ids, strict=True)
                ],
            },
        )

    def _run(self, encoder: Encoder, ids: list[int]) -> Any:
        """Return what an encoder says, its states and the pooled one; it is let go again."""
        clip, device = encoder.class_name != T5, _device_for(encoder, self._device)
        model = _built(encoder).to(device)
        with torch.no_grad(), answering(encoder.where):
            tokens = torch.tensor([ids], device=device)
            found = model(input_ids=tokens, output_hidden_states=clip)
        if not clip:
            return found.last_hidden_state.to(self._device), None
        projected = encoder.class_name == "CLIPTextModelWithProjection"
        pooled = found.text_embeds if projected else found.pooler_output
        before = self._kind in (SDXL, SD3)  # the last layer, and its norm
        states = found.hidden_states[-2] if before else found.last_hidden_state
        return states.to(self._device), pooled.to(self._device)

    def _join(self, outputs: list[Any]) -> Conditioning:
        """Return the conditioning of a kind, as its pipeline puts it together."""
        states, pooled = (list(each) for each in zip(*outputs, strict=True))
        if self._kind is SDXL:
            return Conditioning(torch.cat(states, -1), pooled[1])
        if self._kind is FLUX:
            return Conditioning(states[1], pooled[0])
        if self._kind is SD3:
            pair = torch.cat(states[:2], -1)
            if pair.shape[-1] > self._width:
                raise _misfit(self.encoders[0], f"both give {pair.shape[-1]} numbers a token")
            pair = torch.nn.functional.pad(pair, (0, self._width - pair.shape[-1]))
            none = pair.new_zeros((1, T5_TOKENS[SD3.name], self._width))
            rest = states[2] if len(states) == 3 else none
            return Conditioning(torch.cat([pair, rest], 1), torch.cat(pooled[:2], -1))
        return Conditioning(states[0], None)


def find_text(
    source: Source, kind: Kind, index: Index, network: Config, device: str
) -> Text | None:
    """Return the text encoders of a pipeline; None for kinds without any.

    Args:
        source: The pipeline.
        kind: Its kind.
        index: Its components.
        network: The settings of the network.
        device: Torch's name of where prompts are read.

    Raises:
        PriorUnavailableError: If files are missing or settings not supported.
        PriorError: If they are damaged.
    """
    if not kind.encoders:
        return None
    names = [name for name in kind.encoder_names if index.get(name)]
    settings = [_settings(source, index, name) for name in names]
    encoders = [
        _found(source, kind, index, name, each) for name, each in zip(names, settings, strict=True)
    ]
    return Text(kind, tuple(encoders), int(network.get("joint_attention_dim") or 0), device)


def _settings(source: Source, index: Index, name: str) -> Config:
    where, config = f"the {name} of the pipeline {source.name}", read_config(source, name)
    class_name = index.components[name].class_name
    classes = config.get("architectures") or [class_name]
    if classes != [class_name]:
        raise unavailable(f"{where} is a {classes} by its config.json, expected {class_name}")
    return _filled(class_name, known_settings(class_name, config, where))


def _found(source: Source, kind: Kind, index: Index, name: str, settings: Config) -> Encoder:
    class_name = index.components[name].class_name
    tokens = T5_TOKENS.get(kind.name) if class_name == T5 else None
    return Encoder(
        class_name=class_name,
        settings=settings,
        tokenizer=_tokenizer(source, index, tokenizer_of(name)),
        weights=_current(class_name, find_weights(source, name, "transformers")),
        tokens=int(tokens or settings["max_position_embeddings"]),
        where=f"the {name} of the pipeline {source.name}",
    )


def _current(class_name: str, weights: Weights) -> Weights:
    """Return the weights as they are called today, without constants and without copies."""
    both = SHARED in weights.stored

    def rename(name: str) -> str | None:
        if name.endswith("position_ids") or (both and name == EMBEDDED):
            return None
        if name == EMBEDDED:
            return SHARED
        return name.removeprefix(OLD_PREFIX) if class_name == "CLIPTextModel" else name

    return weights.renamed(rename)


def _filled(class_name: str, settings: Config) -> Config:
    """Return settings with the defaults of their class."""
    library = transformers_library()
    with quiet():
        config = getattr(library, CONFIGS[class_name])(**settings)
    return settings_of(class_name, config.to_dict())


def _device_for(encoder: Encoder, device: str) -> str:
    """Return the device, or the host where an encoder has no room beside the network."""
    if not device.startswith("cuda"):
        return device
    numbers = sum(math.prod(each.shape) for each in encoder.weights.stored.values())
    free, _ = torch.cuda.mem_get_info(device)
    return device if FLOAT32_BYTES * ROOM * numbers < free else "cpu"


def _built(encoder: Encoder) -> Any:
    """Return the model with its weights, each read once."""
    library = transformers_library()
    config = getattr(library, CONFIGS[encoder.class_name])(**encoder.settings)
    tensors = {
        name: value.float() if value.is_floating_point() else value
        for name, value in encoder.weights.read()
    }
    try:
        model, info = getattr(library, encoder.class_name).from_pretrained(
            None, config=config, state_dict=tensors, dtype=torch.float32, output_loading_info=True
        )
    except Exception as exc:  # transformers raises anything on weights that do not fit
        if lacks_memory(exc):
            raise
        raise _misfit(encoder, reason(exc)) from exc
    for what in ("missing_keys", "mismatched_keys", "unexpected_keys"):
        if info[what]:
            raise _misfit(encoder, f"{what.replace('_', ' ')}, {min(map(str, info[what]))} for one")
    return model.requires_grad_(requires_grad=False).eval()


def _misfit(encoder: Encoder, why: str) -> PriorError:
    message = f"the weights of {encoder.where} do not fit its config.json: {why}"
    return PriorError(ISSUE.PRIOR_INVALID, message)


def _tokenizer(source: Source, index: Index, name: str) -> Any:
    """Return a tokenizer of the list, from its folder."""
    where = f"the {name} of the pipeline {source.name}"
    folder = _tokenizer_folder(source, name)
    if folder is None:
        raise unavailable(f"{where} has none of the files {', '.join(VOCABULARIES)}")
    cls = getattr(transformers_library(), TOKENIZERS[index.components[name].class_name])
    try:
        with quiet():
            return cls.from_pretrained(str(folder), local_files_only=True)
    except Exception as exc:  # transformers raises anything on a damaged one
        if lacks_memory(exc):
            raise
        message = f"{where} cannot be loaded: {reason(exc)}"
        raise PriorError(ISSUE.PRIOR_INVALID, message) from exc


def _tokenizer_folder(source: Source, name: str) -> Path | None:
    """Return where the files of a tokenizer lie, each within its limit."""
    found, lost = [], None
    for each in TOKENIZER_FILES:
        try:
            path = source.fetch((f"{name}/{each}",))
        except PriorUnavailableError as exc:  # out of reach: hardly any pipeline has all of them
            lost = exc
        else:
            found += [path] if path else []
    if lost and not any(path.name in VOCABULARIES for path in found):
        raise lost
    for path in found:
        if path.stat().st_size > TOKENIZER_FILE_BYTES_MAX:
            message = f"{name}/{path.name} of the pipeline {source.name} is too large"
            raise PriorError(ISSUE.PRIOR_INVALID, message)
        if path.name == "tokenizer_config.json":
            where = f"{name}/{path.name}"
            _require_bounded(
                read_object(source, path, where), f"{where} of the pipeline {source.name}"
            )
    vocabularies = [path for path in found if path.name in VOCABULARIES]
    return vocabularies[0].parent if vocabularies else None


def _require_bounded(config: Config, where: str) -> None:
    """Refuse counts that transformers would take memory for, one token after the other."""
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, dict | list):
                waiting.append(each)
            elif isinstance(each, int) and each > INTEGERS_MAX.get(key, INTEGER_MAX):
                message = f"{where} has {key} = {str(each)[:TEXT_MAX]}, which is out of all range"
                raise PriorError(ISSUE.PRIOR_INVALID, message)


def _digest(ids: list[int]) -> str:
    return hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode("ascii")).hexdigest()
