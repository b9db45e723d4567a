"""Data as training reads it: arrays, folders and files, pairs of output and target, turned images and targets."""
