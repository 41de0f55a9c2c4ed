"""Opens sealed profiles: the one place where a person is in clear, for as long as a message is handed over."""

from pydantic import ValidationError

from lendstream.events.intake import Identity
from lendstream.privacy import UnknownMasterKey, Vault, WrongKey
from lendstream_notifications.domain.contact import Contact
from lendstream_notifications.domain.sending import Recipient, Unreadable


class Recipients:
    """Reads who a customer is, with the platform's master keys."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def open(self, contact: Contact) -> Recipient:
        """The person. Raises Unreadable, which names nothing of them."""
        if contact.profile is None or contact.key is None:
            raise Unreadable
        try:
            text = self._vault.open(contact.key, contact.customer_id, contact.profile.ciphertext)
            identity = Identity.model_validate_json(text)
        except UnknownMasterKey:
            raise Unreadable(for_now=True) from None
        except (WrongKey, ValidationError):
            raise Unreadable from None
        return Recipient(identity.name, identity.mobile, identity.email)
