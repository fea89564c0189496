"""Which engine a command runs on."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict, Field

from dnabert.choices import DeviceName, EngineName
from dnabert.cluster.rank_engine import RankEngine
from dnabert.cluster.ray_engine import RayEngine
from dnabert.errors import ConfigError
from dnabert.infer.shards import Engine, LocalEngine

__all__ = ["EngineConfig", "check_resume", "open_engine"]


class EngineConfig(BaseModel):
    """How many workers an engine has, and what each may use; only for ray, but for patience_s."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    workers: int | None = Field(default=None, ge=1)
    """Workers; None: one for each GPU of the cluster, or for each two cores if there is no GPU."""
    gpus: float | None = Field(default=None, ge=0)
    """GPUs of a worker, also a part of one; None: one where the cluster has any."""
    cores: int | None = Field(default=None, ge=1)
    """Processor cores of a worker; None: one with a GPU, else two."""
    patience_s: float = Field(default=3600, gt=0)
    """ranks: seconds without a sign of life from any other rank after which one that waits gives up, however long a shard takes."""


def check_resume(name: EngineName, resume: bool) -> None:
    """Refuse ranks without ``--resume``: they share the folder of finished pieces, which none of them may find in its way or remove.

    Raises:
        ConfigError: It is missing.
    """
    if name == "ranks" and not resume:
        raise ConfigError("--engine ranks: the ranks share the folder of finished pieces; give --resume too")


@contextmanager
def open_engine(
    name: EngineName, address: str = "local", config: EngineConfig | None = None, device: DeviceName = "auto"
) -> Iterator[Engine]:
    """An engine, given back at the end.

    Args:
        name: local: this process; ray: a Ray cluster; ranks: the processes that torchrun started.
        address: ray: ``local`` starts Ray on this machine, ``auto`` joins the cluster it belongs to, or ``host:port``.
        config: Workers, and what each may use.
        device: Where workers compute, as this process would; on a CPU they ask for no GPU.

    Raises:
        DnabertError: Ray is not installed.
        ConfigError: Workers or an address are given to another engine than ray.
        ClusterError: The cluster cannot be reached or is too small, or torchrun started nothing.
    """
    settings = config or EngineConfig()
    unused = [flag for flag, is_given in (("--workers", settings.workers is not None), ("--address", address != "local")) if is_given]
    if name != "ray" and unused:
        raise ConfigError(f"{' and '.join(unused)}: of no use with --engine {name}; give --engine ray too, or leave it out")
    engine: Engine
    if name == "ray":
        from dnabert.device import choose_machine  # imports torch

        gpus = 0.0 if choose_machine(device, "auto").device.type == "cpu" else settings.gpus
        engine = RayEngine(address, settings.workers, gpus, settings.cores)
    elif name == "ranks":
        engine = RankEngine(patience_s=settings.patience_s)
    else:
        engine = LocalEngine()
    try:
        yield engine
    finally:
        engine.close()
