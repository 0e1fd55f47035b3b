"""Tools of the house itself, run by `make`: nothing of the package needs them."""
