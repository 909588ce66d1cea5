"""The page about a run holds all that it shows, and concludes no more than the scores allow."""

import numpy as np
import pytest
from toy_results import result

from worldsim.types import Rollout
from worldsim_benchmarks.report import Chapter, honest, report


def scored(low):
    micro = result("micro", low + 5, benchmark="fidelity@1")
    frozen = result("copy-last", 0.0, kind="trivial", benchmark="fidelity@1")
    for each in (micro, frozen):
        each.metrics["psnr@8"] = 20.0
    return [micro, frozen]


def test_the_page_needs_nothing_but_itself(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    path = report(
        tmp_path / "report.html",
        minutes=1.0,
        seconds=60.0,
        chapters=[Chapter("record", "worldsim record", 0.0), Chapter("fit", "worldsim fit", 30.0)],
        rollouts=[Rollout(seen=frames, imagined=frames, real=frames, plan=np.zeros((4, 1), np.float32), fps=10.0)],
        loss=np.array([[1.0, 0.5], [2.0, 0.25]]),
        results=scored(low=3.0),
        world="a world",
        frames=1234,
    )
    page = path.read_text()
    assert "1,234 frames" in page and page.count("data:image/png;base64,") == 2
    assert "http" not in page and "<script" not in page


@pytest.mark.parametrize(("low", "says"), [(3.0, "this run shows"), (0.0, "does <b>not</b> show")])
def test_it_claims_what_the_interval_allows(low, says):
    assert says in honest(1.0, scored(low))
