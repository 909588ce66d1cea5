"""Worlds that MuJoCo simulates: what surrounds them, what draws them, and one file a family of scenes."""
