"""Settings of a scan, and whether they fit a model."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from dnabert.checkpoint import ModelInfo, SavedModel
from dnabert.errors import ConfigError
from dnabert.infer.scan.choices import ScanPreset, ScanRule, ScanStrand

__all__ = [
    "BackgroundConfig",
    "RuleConfig",
    "ScanConfig",
    "Windows",
    "choose_classes",
    "choose_threshold",
    "choose_windows",
    "preset",
    "strands_of",
]

_DEFAULT_SHARE = 6
"""Windows of a sequence model overlap by five sixths (300 bases: every 50); those of a token model by half."""


class RuleConfig(BaseModel):
    """What is made of the scores of all windows within a longer one.

    Source: Ji et al. 2021, Prom-scan; recipe 1.7.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: ScanRule = "none"
    """none, max, mean, or second (the second highest)."""
    evaluation_bp: int = Field(default=1001, ge=1)
    """Bases of the longer window; it moves by one stride too, and windows are shared between those that overlap."""


class BackgroundConfig(BaseModel):
    """Shuffled windows, from whose scores p is told."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    windows: int = Field(default=500, ge=0)
    """Windows that are drawn from what is scanned; 0 leaves p and q out."""
    shuffles: int = Field(default=2, ge=1)
    """Dinucleotide shuffles of each."""


class ScanConfig(BaseModel):
    """Where windows lie, how they are read, and what is called."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window_bp: int | None = Field(default=None, ge=1)
    """Bases of a window; None is the longest training sequence of the model, or what fits into it."""
    stride_bp: int | None = Field(default=None, ge=1)
    """Bases from one window to the next; None is a sixth of a window (of a token model half)."""
    strand: ScanStrand = "auto"
    """both is their mean, separate a track of each; auto is both for models trained without regard to strand, else separate."""
    classes: tuple[str, ...] = ()
    """The classes, labels or values that get a track; empty is the second of two classes, or the only label or value."""
    threshold: float | None = None
    """Lowest score of a call; None is 0.5, and has to be said for values."""
    max_q: float | None = Field(default=None, gt=0, le=1)
    """Highest q of a call; None does not ask."""
    merge_bp: int | None = Field(default=None, ge=0)
    """Hits whose windows begin at most so far apart become one call; None is a window (of a token model one base)."""
    rule: RuleConfig = RuleConfig()
    """Prom-scan's rule."""
    background: BackgroundConfig = BackgroundConfig()
    """Shuffled windows, from whose scores p is told."""
    shard_windows: int = Field(default=20_000, ge=1)
    """Windows of a shard, the piece that is done once and that a resumed scan does not do again."""
    seed: int = Field(default=42, ge=0)
    """Decides which windows are shuffled, and how."""


def preset(name: ScanPreset | None) -> ScanConfig:
    """The settings to begin with."""
    if name is None:
        return ScanConfig()
    return ScanConfig(stride_bp=50, rule=RuleConfig(kind="max"), threshold=0.5)


@dataclass(frozen=True)
class Windows:
    """Where windows lie.

    Attributes:
        window_bp: Bases of a window.
        stride_bp: Bases from one to the next.
        group: Windows that a rule reads together; 1 without a rule.
    """

    window_bp: int
    stride_bp: int
    group: int = 1

    @property
    def evaluation_bp(self) -> int:
        """Bases from the first to the last that one score is made of."""
        return self.window_bp + (self.group - 1) * self.stride_bp


def choose_windows(config: ScanConfig, members: list[SavedModel]) -> Windows:
    """Windows of a scan with these models.

    Raises:
        ConfigError: The models do not fit the verb, or the settings do not fit the models.
    """
    info = members[0].info
    _check_task(info, config.rule.kind)
    kmer = max(member.model.config.kmer for member in members)
    room = min(member.tokenizer.max_tokens + member.tokenizer.kmer - 1 for member in members)
    window = config.window_bp
    chunked = all(member.info.head.chunk_pooling for member in members)
    if window is None:
        window = info.window_bp or room
        window = window if chunked else min(window, room)
    if window < kmer:
        raise ConfigError(f"--window {window}: is shorter than a {kmer}-mer of the model; take {kmer} or more")
    if window > room and not chunked:
        raise ConfigError(
            f"--window {window}: the model reads {room} bases at most; take fewer, or a model fine-tuned with --set head.chunk_pooling=lstm"
        )
    token = info.head.task == "token"
    stride = config.stride_bp or max(1, window // (2 if token else _DEFAULT_SHARE))
    if token and stride > window:
        raise ConfigError(f"--stride {stride}: a token model answers for every base, so windows of {window} bases must touch; take fewer")
    if config.rule.kind == "none":
        return Windows(window, stride)
    if config.rule.evaluation_bp < window:
        raise ConfigError(f"rule.evaluation_bp {config.rule.evaluation_bp}: is shorter than a window of {window} bases; take more")
    return Windows(window, stride, (config.rule.evaluation_bp - window) // stride + 1)


def _check_task(info: ModelInfo, rule: ScanRule) -> None:
    if info.head.task in ("pair", "masked_lm"):
        reason = "reads two sequences" if info.head.task == "pair" else "is pre-trained and has no task"
        raise ConfigError(
            f"a scan reads windows of one genome, and this model {reason}; use a model fine-tuned with --task classify, multilabel, regress"
            " or token"
        )
    if info.head.task == "token" and rule != "none":
        raise ConfigError(f"rule.kind {rule}: sums up windows, and this model answers for every base; leave it out")


def choose_classes(info: ModelInfo, names: tuple[str, ...]) -> tuple[int, ...]:
    """Numbers of the outputs that get a track.

    Args:
        info: What the model is for.
        names: Their names; none takes the second of two classes, or the only label or value.

    Raises:
        ConfigError: There is no such output, or there are several and none is named; the message names them.
    """
    labels = info.labels or tuple(str(number) for number in range(info.head.num_outputs))
    kind = {"multilabel": "label", "regress": "value"}.get(info.head.task, "class")
    for name in names:
        if name not in labels:
            raise ConfigError(f"--class {name}: the model knows no such {kind}; it has {', '.join(labels)}")
    if names:
        return tuple(dict.fromkeys(labels.index(name) for name in names))
    if kind == "class" and len(labels) == 2:
        return (1,)
    if len(labels) > 1:
        raise ConfigError(
            f"the model has {len(labels)} outputs; say which {kind} to scan for with --class, once for each: {', '.join(labels)}"
        )
    return (0,)


def choose_threshold(config: ScanConfig, info: ModelInfo) -> float:
    """Lowest score of a call.

    Raises:
        ConfigError: The model gives values, and no threshold is said.
    """
    if config.threshold is not None:
        return config.threshold
    if info.head.task == "regress":
        raise ConfigError(
            "the model gives values, of which no threshold can be guessed; say from which one on there is a call:  --threshold"
        )
    return 0.5


def strands_of(strand: ScanStrand, stranded: bool) -> tuple[str, ...]:
    """Strands that are read, as BED names them; ``.`` is the mean of both.

    Examples:
        >>> strands_of("auto", stranded=True), strands_of("auto", stranded=False), strands_of("reverse", stranded=True)
        (('+', '-'), ('.',), ('-',))
    """
    chosen = ("separate" if stranded else "both") if strand == "auto" else strand
    return {"forward": ("+",), "reverse": ("-",), "both": (".",), "separate": ("+", "-")}[chosen]
