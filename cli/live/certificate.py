"""The page's certificate: made on first use, kept by the user, recognised by its fingerprint.

Browsers give a page the camera only over https, and no authority signs for a laptop in a hotel room. So the
certificate is signed by itself: the phone warns once, and whoever wants to be sure compares the fingerprint that the
terminal prints with the one that the browser shows.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...detect.errors import UnavailableError
from ..profiles import data_folder
from .addresses import Address

#: How long it holds: short, for the key lies on a traveller's laptop; iOS takes at most 825 days (Apple HT210176).
DAYS = 90

#: So long before its end it is made anew, so that it does not run out in the middle of a sweep.
RENEW_DAYS = 2

#: Clocks of phones that lag: it holds from a day before it was made.
_EARLY = timedelta(days=1)

#: Largest file that is read as ours: key and certificate have 1 to 4 kB.
_BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate with its key, in one file.

    Parameters
    ----------
    path
        PEM file, for its owner alone: the key, then the certificate.
    fingerprint
        SHA-256 of the certificate, as browsers show it: ``AB:CD:...``.
    ends_at
        When it runs out.
    """

    path: Path
    fingerprint: str
    ends_at: datetime

    def context(self) -> ssl.SSLContext:
        """Return what a server needs to speak TLS 1.2 or newer with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.path)
        return context


def certificate_for(
    addresses: Collection[Address], names: Collection[str], *, now: datetime, folder: Path | None = None
) -> Certificate:
    """Return the kept certificate, or a new one where there is none that still suits.

    Parameters
    ----------
    addresses, names
        What it must hold for. One that holds for more is kept, so that the fingerprint stays while it can.
    now
        The time, with its zone.
    folder
        Where it is kept; in the user's data folder if None.

    Raises
    ------
    UnavailableError
        If it cannot be written.
    """
    folder = folder or data_folder() / "live"
    path = folder / "certificate.pem"
    kept = _kept(path, addresses, names, now=now)
    return kept or _make(path, addresses, names, now=now)


def _kept(path: Path, addresses: Collection[Address], names: Collection[str], *, now: datetime) -> Certificate | None:
    """Return the certificate in a file, None if there is none that suits."""
    try:
        if path.stat().st_size > _BYTES_MAX:
            return None
        data = path.read_bytes()
        key = serialization.load_pem_private_key(data, password=None)
        certificate = x509.load_pem_x509_certificate(data)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    known = {*held.get_values_for_type(x509.IPAddress), *held.get_values_for_type(x509.DNSName)}
    whole = known.issuperset(addresses) and known.issuperset(names)
    lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - timedelta(days=RENEW_DAYS)
    if not (whole and lasts):
        return None
    with contextlib.suppress(OSError):
        path.chmod(0o600)
    return _described(path, certificate)


def _make(path: Path, addresses: Collection[Address], names: Collection[str], *, now: datetime) -> Certificate:
    """Make key and certificate and write them, whole or not at all."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "roomsweep")])
    held: list[x509.GeneralName] = [x509.DNSName(text) for text in names]
    held += [x509.IPAddress(ipaddress.ip_address(str(address))) for address in addresses]
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(held), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes the file for its owner alone from the beginning.
        number, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(number, "wb") as stream:
                stream.write(secret + certificate.public_bytes(serialization.Encoding.PEM))
            os.replace(part, path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnavailableError(
            f"The page's certificate could not be written to {path.parent}: {error.strerror or error}",
            "Set ROOMSWEEP_HOME to a folder that can be written.",
        ) from error
    return _described(path, certificate)


def _described(path: Path, certificate: x509.Certificate) -> Certificate:
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(path=path, fingerprint=digest, ends_at=certificate.not_valid_after_utc)
