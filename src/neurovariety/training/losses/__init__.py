"""Training as a nearest-point problem: tasks, losses, and how data are prepared."""
