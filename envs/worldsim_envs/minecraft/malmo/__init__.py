"""The real game, by the protocol that its research mods speak: a client for them, and our voxel world behind it."""
