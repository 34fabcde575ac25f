"""The public enumerations and their members; private ones are in ``enums.spi`` and ``enums.engine``."""

import typing as _typing

from .. import _namespace
from .sec import *  # noqa: F403
from .ssl import *  # noqa: F403

if not _typing.TYPE_CHECKING:
    __all__ = _namespace.public_names(globals())
