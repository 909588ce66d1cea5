"""A world of blocks: what it is made of, how it is drawn, what is true of it."""
