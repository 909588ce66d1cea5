"""Worlds whose truth is known: plain simulators behind Gymnasium, with save, restore, intervene and truth."""
