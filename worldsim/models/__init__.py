"""The world models, and the folder in which each is kept."""
