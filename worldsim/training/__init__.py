"""How a model learns. Lightning lives here and nowhere else."""
