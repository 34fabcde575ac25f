"""Certificates, keys, identities, policies and trust: what SSLCopyPeerTrust hands out and SSLSetCertificate takes."""

from .certificate import *  # noqa: F403
from .identity import *  # noqa: F403
from .policy import *  # noqa: F403
from .trust import *  # noqa: F403
