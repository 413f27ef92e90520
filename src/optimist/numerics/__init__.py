"""Pure mathematics: arrays in, arrays out; knows nothing of trials."""
