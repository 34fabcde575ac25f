"""Secure Transport for Python: the SSL* functions on a TLS engine of its own.

In and out: as the C functions, in PyObjC's shapes: status first, out-parameters passed as ``None``. Promise: legacy,
private and additional calls are not here but in ``legacy``, ``spi`` and ``extensions``.
"""

import typing as _typing

from . import _command, _namespace
from ._native import SSLContext as SSLContext
from ._native import __version__ as __version__
from .cf import *  # noqa: F403
from .constants import *  # noqa: F403
from .functions import *  # noqa: F403
from .sec_protocol import *  # noqa: F403
from .security import *  # noqa: F403

SSLContextRef = SSLContext

if not _typing.TYPE_CHECKING:
    __all__ = _namespace.public_names(globals())

_command.loaded()
