"""What is compiled is kept, and never outlives what it was compiled from."""

import os
import subprocess
import sys

TABLE = "import numpy as np\nROW = np.array([{0}])\nSTEP = {0}\n"
PART = """
from worldsim_envs.minecraft.kernel import part
from table import STEP

@part
def further(x):
    return x + STEP * {0}
"""
KERNEL = """
from worldsim_envs.minecraft.kernel import kernel
from parts import further
from table import ROW

@kernel
def both(x):
    return further(x), ROW[0]

print(both(1), both.stats.cache_hits)
"""


def test_compiled_code_does_not_outlive_a_table_or_a_part_of_another_file(tmp_path):
    def run(table, part):
        (tmp_path / "table.py").write_text(TABLE.format(table))
        (tmp_path / "parts.py").write_text(PART.format(part))
        hits = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        command = [sys.executable, "-B", "main.py"]
        ran = subprocess.run(command, cwd=tmp_path, env={**os.environ, **hits}, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    (tmp_path / "main.py").write_text(KERNEL)
    first = "Counter()"
    assert run(table=1, part=1) == f"(2, 1) {first}"
    assert run(table=1, part=1).startswith("(2, 1) Counter({")  # kept
    assert run(table=2, part=1) == f"(3, 2) {first}"
    assert run(table=2, part=3) == f"(7, 2) {first}"
