"""Trainings of a study: one after another or on many processes, written to a folder as they end, and gone on with later."""
