"""A result made up for tests."""

from worldsim_benchmarks.result import Result


def result(contestant="it", score=50.0, kind="model", benchmark="permanence@1"):
    return Result(
        benchmark=benchmark,
        split="quick",
        size=64,
        contestant=contestant,
        kind=kind,
        score=score,
        low=score - 5,
        high=score + 5,
        raw=score / 100,
        floor=0.0,
        ceiling=1.0,
        metrics={"R": 0.5, "TDS": float("nan")},
        cases={"a": {"R": 0.5, "TDS": float("nan")}},
        reasons={"a/TDS": "not exposed"},
        manifest={"seed": 0},
    )
