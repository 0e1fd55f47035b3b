"""What can be said of learning from samples: how large a set of functions is, and how many samples that takes."""
