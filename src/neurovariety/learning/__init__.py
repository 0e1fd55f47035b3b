"""What can be said of learning from samples: how large a set of functions is, how singular, and how many samples that takes."""
