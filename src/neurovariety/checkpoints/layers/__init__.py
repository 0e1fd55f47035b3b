"""Hidden layers of a trained network: their units, symmetries, relations, and what can be removed."""
