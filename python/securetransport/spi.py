"""What Apple keeps private and what makes sense outside its system all the same.

In and out: as the public functions. Promise: nothing here is a top-level name of the package.
"""

import typing as _typing

from . import _namespace
from .constants.private import *  # noqa: F403
from .enums.engine import *  # noqa: F403
from .enums.spi import *  # noqa: F403
from .functions.private import *  # noqa: F403
from .functions.private_sessions import *  # noqa: F403
from .functions.suites import *  # noqa: F403
from .functions.suites import _SSLProtocolVersionToWireFormatValue as _SSLProtocolVersionToWireFormatValue

if not _typing.TYPE_CHECKING:
    __all__ = _namespace.public_names(globals())
