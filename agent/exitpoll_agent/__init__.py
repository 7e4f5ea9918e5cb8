"""The agent of Exitpoll: counts launches and says when a product is uninstalled."""

__version__ = "0.1.0"
