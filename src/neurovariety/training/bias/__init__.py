"""Which targets are best fitted by smaller networks: exactly, by sampling, and for curves in the plane."""
