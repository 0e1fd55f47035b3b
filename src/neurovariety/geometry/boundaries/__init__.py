"""The boundary of the real functions of a model: where a function lies, pieces of the boundary, and what lies on both sides."""
