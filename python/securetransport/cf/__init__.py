"""The slice of Core Foundation that users of Secure Transport meet.

In and out: Python values. Promise: arrays equal lists, data are ``bytes``, strings ``str``, booleans
``bool``, numbers ``int`` or ``float``; functions exist for code that was written for the C names.
"""

import typing as _typing

from .. import _namespace
from .base import CFCopyDescription as CFCopyDescription
from .base import CFEqual as CFEqual
from .base import CFGetRetainCount as CFGetRetainCount
from .base import CFGetTypeID as CFGetTypeID
from .base import CFHash as CFHash
from .base import CFRelease as CFRelease
from .base import CFRetain as CFRetain
from .base import register_type as register_type
from .collections import *  # noqa: F403
from .error import *  # noqa: F403
from .scalars import *  # noqa: F403

if not _typing.TYPE_CHECKING:
    __all__ = [name for name in _namespace.public_names(globals()) if "CF" in name]
