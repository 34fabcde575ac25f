"""Secure Transport for Python."""

from .constants import *  # noqa: F403
