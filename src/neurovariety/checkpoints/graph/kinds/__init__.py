"""The records of the kinds of operations, by the mathematics that they share."""
