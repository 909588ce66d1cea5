"""Episodes on disk: recorded, stored, read in windows and in batches."""
