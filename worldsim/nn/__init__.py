"""The parts a transformer over video is made of. None of them knows of diffusion."""
