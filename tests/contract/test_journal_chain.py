"""The books that were published once verify for ever: neither the hashed text nor its hash may change."""

import json

from contract.contract_examples import EXAMPLES
from lendstream.journal_chain import Verifier


def test_journals_of_every_version_are_linked_as_they_were() -> None:
    verifier = Verifier()
    for example in EXAMPLES:
        if example.file.stem == "JournalPosted":
            verifier.take(json.loads(example.record().value or b""))
    assert (verifier.journals, verifier.books, verifier.breaks) == (3, 2, {})
