"""The platform's anchors are those of the machine, or of what the usual variables name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pki

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
