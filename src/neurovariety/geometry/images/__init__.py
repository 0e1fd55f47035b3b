"""What the functions of a model are, and how membership of a target is decided: one file a kind of image."""
