"""How far one video is from another."""
