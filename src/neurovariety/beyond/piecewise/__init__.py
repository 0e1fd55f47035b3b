"""Networks that are linear on pieces of their inputs: regions, functional dimension."""
