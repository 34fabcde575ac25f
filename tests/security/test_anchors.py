"""The platform's anchors are those of the machine, or of what the usual variables name."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import certifi
import pki
import pytest

from securetransport import constants as c

COUNT = "import securetransport as st; print(len(st.SecTrustCopyAnchorCertificates(None)[1]))"


def counted(**variables: str) -> int:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SSL_CERT_")}
    done = subprocess.run(
        [sys.executable, "-c", COUNT], env=environment | variables, check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def test_the_machine_has_anchors() -> None:
    assert counted() > 50, "install ca-certificates"


def test_a_file_named_by_the_variable_replaces_the_store(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(pki.root().pem)
    assert counted(SSL_CERT_FILE=str(tmp_path / "one.pem")) == 1


def test_a_store_that_is_named_and_empty_means_that_nothing_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_bytes(b"")
    assert counted(SSL_CERT_FILE=str(tmp_path / "none.pem")) == 0
    assert counted(SSL_CERT_FILE=str(tmp_path / "missing.pem")) == 0


#: What a verdict on a chain to an unknown root says, and how many anchors there are; the certificate comes by
#: standard input.
VERDICT = """
import json, sys
import securetransport as st
leaf = st.SecCertificateCreateWithData(None, sys.stdin.buffer.read())
_, trust = st.SecTrustCreateWithCertificates([leaf], st.SecPolicyCreateSSL(True, "localhost"), None)
_, error = st.SecTrustEvaluateWithError(trust, None)
words = str(error)
st.SecTrustSetAnchorCertificates(trust, [])
_, own = st.SecTrustEvaluateWithError(trust, None)
count = len(st.SecTrustCopyAnchorCertificates(None)[1])
print(json.dumps([count, words, st.CFErrorGetCode(error), str(own)]))
"""

#: Where systems have their certificates.
STORES = ["/etc/ssl", "/etc/pki", "/opt/etc/ssl"]


def verdict(*before: str, code: str = VERDICT, **variables: str) -> Any:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SSL_CERT_")}
    done = subprocess.run(
        [*before, sys.executable, "-c", code],
        env=environment | variables,
        input=pki.leaf().der,
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


@cache
def bare() -> list[str]:
    """A command that runs another where the system's stores are empty: in a mount namespace of its own."""
    hide = "; ".join(f"[ ! -d {store} ] || mount -t tmpfs none {store}" for store in STORES)
    for unshare in (["unshare", "-rm"], ["unshare", "-m"]):
        before = [*unshare, "sh", "-ec", f'{hide}; exec "$@"', "sh"]
        try:
            if subprocess.run([*before, "true"], capture_output=True).returncode == 0:
                return before
        except FileNotFoundError:
            break
    pytest.skip("mount namespaces cannot be made here")


def test_a_machine_without_anchors_takes_those_of_certifi() -> None:
    count, words, code, _ = verdict(*bare())
    assert count == Path(certifi.where()).read_bytes().count(b"BEGIN CERTIFICATE")
    assert code != 0
    assert "install" not in words, "it is this chain that lacks an anchor, not the machine"


def test_a_machine_without_any_anchors_says_what_to_install_or_set() -> None:
    count, words, _, own = verdict(*bare(), code="import sys; sys.modules['certifi'] = None" + VERDICT)
    assert count == 0
    assert "issuer" in words
    for advice in ("ca-certificates", "securetransport[anchors]", "SSL_CERT_FILE"):
        assert advice in words
    assert "install" not in own, "where the caller chose the anchors the machine's do not matter"


#: What the platform's anchors ask beyond what one's own do; the certificates come by standard input.
PLATFORM = """
import json, sys
import securetransport as st
root, *leafs = [st.SecCertificate(bytes.fromhex(line)) for line in sys.stdin]
def judged(leaf, policy, own):
    _, trust = st.SecTrustCreateWithCertificates([leaf], policy, None)
    if own:
        st.SecTrustSetAnchorCertificates(trust, [root])
    good, error = st.SecTrustEvaluateWithError(trust, None)
    return 0 if good else st.CFErrorGetCode(error)
policies = [st.SecPolicyCreateBasicX509(), st.SecPolicyCreateSSL(True, "localhost")]
print(json.dumps([[judged(leaf, policy, own) for policy in policies for own in (True, False)] for leaf in leafs]))
"""


def test_the_platforms_anchors_ask_for_strength_and_short_lives(tmp_path: Path) -> None:
    def leaf(days: int, kind: str = "P-256", since: datetime.datetime = pki.NOW - pki.DAY) -> pki.Made:
        end = since + days * pki.DAY
        return pki.make(f"{days} {kind}", pki.root(), kind=kind, hosts=["localhost"], start=since, end=end)

    long, weak = c.errSecCertificateValidityPeriodTooLong, c.errSecUnsupportedKeySize
    old = datetime.datetime(2020, 8, 1, tzinfo=pki.UTC)
    cases = [
        (leaf(398), [0, 0, 0, 0]),
        (leaf(399), [0, 0, 0, long]),
        (leaf(90, "RSA-1024"), [0, weak, weak, weak]),
        (leaf(3000, since=old), [0, 0, 0, long]),
    ]
    (tmp_path / "root.pem").write_bytes(pki.root().pem)
    lines = [made.der.hex() for made in (pki.root(), *(made for made, _ in cases))]
    done = subprocess.run(
        [sys.executable, "-c", PLATFORM],
        env=os.environ | {"SSL_CERT_FILE": str(tmp_path / "root.pem")},
        input="\n".join(lines),
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == [codes for _, codes in cases]


def test_what_the_variables_name_is_not_added_to_and_what_they_miss_is_said(tmp_path: Path) -> None:
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        count, words, _, own = verdict(*bare(), **{variable: str(tmp_path / "missing")})
        assert count == 0, "certifi does not step in"
        assert "SSL_CERT_FILE and SSL_CERT_DIR name no certificates: correct or unset them" in words
        assert "SSL_CERT_FILE" not in own
