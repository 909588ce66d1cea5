"""Judges: what a world model is asked, and how its answer is scored between a measured floor and ceiling."""
