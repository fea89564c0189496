"""Reports as the benchmarks would return them."""

from benchmarks.speed.results import Agreement, Figure, Findings, Growth, Line, Machine, Ratio, Report

STEADY = (1.0, 1.0, 1.0, 1.0, 1.0)


def make_machine(cpu: str = "Test CPU", date: str = "2026-01-02T03:04+00:00") -> Machine:
    return Machine(
        cpu=cpu,
        cores=4,
        threads=2,
        flags=("avx512_bf16",),
        memory_gb=8,
        system="Linux 6",
        versions={"python": "3.11.7", "torch": "2.13.0"},
        commit="abc1234",
        date=date,
        load=0.1,
    )


def make_ratio(key: str = "step", reference: tuple[float, ...] = (3.0, 3.1, 3.0, 2.9, 3.0), goal: float | None = 2.0) -> Ratio:
    ours = (1.0,) * len(reference)
    return Ratio(key=key, what=f"a {key}", against="the other", unit="a step", goal=goal, ours=ours, reference=reference)


def make_report(
    key: str = "tokenizer", *ratios: Ratio, aborted: str | None = None, cpu: str = "Test CPU", foreign: float | None = 0.01
) -> Report:
    return Report(
        key=key,
        command=f"python -m benchmarks.speed --only {key}",
        machine=make_machine(cpu),
        rehearsal=False,
        took_s=12.3,
        foreign_share=foreign,
        aborted=aborted,
        findings=Findings() if aborted else Findings(ratios=ratios),
    )


def make_whole_report() -> Report:
    """One with something of everything."""
    line = Line(name="forward", values=((1.0, 1.1), (2.0, 2.2)), floor=(0.5, 0.6))
    growth = Growth(
        key="length",
        title="Length",
        x_name="Tokens",
        x=(32, 64),
        time_name="µs for a token",
        times=(line,),
        memory=(Line(name="forward", values=((8.0,), (9.0,))),),
    )
    findings = Findings(
        ratios=(make_ratio(),),
        figures=(
            Figure(what="rate", unit="Mb/s", values=(210.0, 220.0, 215.0, 216.0, 214.0), goal=200.0),
            Figure(what="`--help`", unit="s", values=(0.6,) * 5, goal=0.5, higher_is_better=False),
            Figure(what="no goal", unit="GB/s", values=(9.0, 9.5, 9.2, 9.1, 9.3)),
        ),
        agreements=(
            Agreement(what="ids", against="slices", tolerance=0, difference=0),
            Agreement(what="logits", against="float32", tolerance=0.01, difference=0.0042),
        ),
        growths=(growth,),
        notes=("A note.",),
    )
    return make_report("growth").model_copy(update={"findings": findings})
