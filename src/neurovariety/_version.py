"""The version of the library: a file of its own, so that results can name it without importing the package's surface."""

__version__ = "0.1.0"
