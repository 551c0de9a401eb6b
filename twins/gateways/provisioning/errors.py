"""Why a device is not let in as a new gateway."""

from __future__ import annotations

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError


class UnknownKeyError(OutturnError):
    """Nobody has this provisioning key."""

    code = "provisioning.unknown_key"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "this needs a provisioning key", place="key",
            fix="Send the key that was shown when it was made, under Gateways, Provisioning keys.",
        )  # fmt: skip


class KeyEndedError(OutturnError):
    """The provisioning key is revoked or has expired."""

    code = "provisioning.key_ended"
    status = 403


class KeyUsedUpError(ConflictError):
    """The provisioning key has made as many gateways as it may."""

    code = "provisioning.key_used_up"


class KeyNotFoundError(NotFoundError):
    """The tenant has no such provisioning key."""

    code = "provisioning.key_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such provisioning key", place="key", fix="Choose one from the list of keys.")


class TermsError(OutturnError):
    """A provisioning key or an authority cannot be like that."""

    code = "provisioning.terms"
    status = 422


class SerialInUseError(ConflictError):
    """A gateway of this serial is in use: nobody takes it over by registering again."""

    code = "provisioning.serial_in_use"

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"a gateway of the serial {serial} is in use", place="serial", kept="That gateway, as it is.",
            fix="Make it a new token on its page, or put it into the trash and register again.",
        )  # fmt: skip


class NotPendingError(ConflictError):
    """The gateway waits for nobody."""

    code = "gateway.not_pending"


class WrongClaimCodeError(OutturnError):
    """The claim code is another one."""

    code = "gateway.claim_code"
    status = 422


class TooManyTriesError(OutturnError):
    """Too many wrong claim codes were entered."""

    code = "gateway.claim_tries"
    status = 429


class BrokenCertificateError(OutturnError):
    """What was sent is no certificate, list or signature that can be read."""

    code = "certificate.broken"
    status = 422


class AuthorityTakenError(ConflictError):
    """Somebody has this authority already."""

    code = "authority.taken"


class AuthorityNotFoundError(NotFoundError):
    """The tenant has no such authority."""

    code = "authority.not_found"

    def __init__(self) -> None:
        super().__init__(
            "there is no such authority", place="authority", fix="Choose one from the list of authorities."
        )


class AuthorityUnprovenError(OutturnError):
    """It was not shown that the authority is the tenant's."""

    code = "authority.unproven"
    status = 422


class UnknownAuthorityError(OutturnError):
    """No authority that is known here has signed the certificate."""

    code = "certificate.unknown_authority"
    status = 401


class AmbiguousAuthorityError(OutturnError):
    """Several organisations have an authority that could have signed the certificate."""

    code = "certificate.ambiguous_authority"
    status = 409


class RefusedCertificateError(OutturnError):
    """The certificate, or the chain above it, does not hold."""

    code = "certificate.refused"
    status = 401


class ExpiredCertificateError(OutturnError):
    """The certificate, or one above it, is not valid now."""

    code = "certificate.expired"
    status = 401


class RevokedCertificateError(OutturnError):
    """The certificate or its authority was revoked."""

    code = "certificate.revoked"
    status = 403


class UnprovenCertificateError(OutturnError):
    """It was not shown that the device has the certificate's private key."""

    code = "certificate.unproven"
    status = 401


class UnknownDeviceError(OutturnError):
    """No gateway has the serial in the certificate, and its authority makes no new ones."""

    code = "certificate.unknown_device"
    status = 403
