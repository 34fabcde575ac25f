"""Certificates, keys, identities, policies and trust: the slice of the Security framework TLS needs.

In and out: as PyObjC has it: status first where C returns one, out-parameters as ``None`` and in the result.
Promise: ``None`` as a required input is errSecParam, ``None``, 0 or ``False``, never an exception; a wrong
Python type is a TypeError.
"""

import typing as _typing

from .. import _namespace
from .base import *  # noqa: F403
from .certificate import *  # noqa: F403
from .identity import *  # noqa: F403
from .import_export import *  # noqa: F403
from .key import *  # noqa: F403
from .policy import *  # noqa: F403
from .trust import *  # noqa: F403
from .wrappers import *  # noqa: F403

if not _typing.TYPE_CHECKING:
    __all__ = [name for name in _namespace.public_names(globals()) if name.startswith(("Sec", "sec_"))]
