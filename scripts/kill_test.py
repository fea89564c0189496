"""Kill -9 a pre-training run at random moments, resume it each time, and compare its weights with a run that was never stopped.

Usage: python scripts/kill_test.py [--kills 20] [--steps 200] [--seed 0]
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from safetensors.torch import load_file


def command(genome: Path, run: Path, steps: int, *flags: str) -> list[str]:
    sizes = ["model.num_layers=2", "model.hidden_size=64", "model.num_heads=4", "model.intermediate_size=128"]
    rest = ["batch_size=32", "save_every=7", "log_every=1", "eval_every=50", "valid_windows=16", "corpus.max_tokens=256"]
    settings = [word for text in sizes + rest for word in ("--set", text)]
    program = [sys.executable, "-m", "dnabert", "pretrain", str(genome), "--out", str(run), "--kmer", "4"]
    return [*program, "--steps", str(steps), "--quiet", *settings, *flags]


def write_genome(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with path.open("w") as handle:
        for contig in range(4):
            handle.write(f">c{contig}\n" + "".join(rng.choices("ACGT", weights=[3, 2, 2, 3], k=20_000)) + "\n")


def steps_done(run: Path) -> int:
    lines = (run / "metrics.jsonl").read_text().splitlines() if (run / "metrics.jsonl").exists() else []
    return max((int(line.split(":")[1].split(",")[0]) for line in lines if line.endswith("}")), default=0)


def kill_after(words: list[str], run: Path, step: int, jitter: float) -> int:
    """Start the run, kill it ``jitter`` seconds after its log shows ``step``; the last step in the log, or -1 if it had ended."""
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    while process.poll() is None and steps_done(run) < step:
        time.sleep(0.002)
    time.sleep(jitter)
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return steps_done(run) if running else -1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        genome, whole, broken = Path(folder) / "g.fa", Path(folder) / "whole", Path(folder) / "broken"
        write_genome(genome, options.seed)
        subprocess.run(command(genome, whole, options.steps), check=True)
        again = command(genome, broken, options.steps, "--resume")
        moments = sorted(rng.sample(range(1, options.steps - 2), options.kills))
        for number, moment in enumerate(moments, start=1):
            last = kill_after(again, broken, moment, rng.uniform(0, 0.05))
            print(f"kill {number} of {options.kills}: aimed at step {moment}, last step in the log {last}", flush=True)
            if last < 0:
                print("the run had ended before it was killed: make the steps longer")
                return 2
        subprocess.run(again, check=True)
        left, right = load_file(whole / "model.safetensors"), load_file(broken / "model.safetensors")
        different = [name for name in left if not left[name].equal(right[name])]
        print(f"{options.kills} kills, {len(left)} tensors, {len(different)} different {different[:5]}")
        return 1 if different or left.keys() != right.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
