"""How a model learns. Lightning lives here, and in the data module that feeds it."""
