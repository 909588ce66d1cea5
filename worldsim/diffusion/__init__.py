"""The mathematics of noise: how much, what to predict, how to come back. It knows of no network."""
