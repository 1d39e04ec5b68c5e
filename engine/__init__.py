"""The IMS engine: everything the product does, without a user interface."""

__version__ = "0.1.0"
