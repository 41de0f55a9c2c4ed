"""Customers: profile and key in any order, erasures, and articles once each."""

from datetime import timedelta
from itertools import permutations

import pytest

from lendstream.envelope import Tombstone
from lendstream.errors import Refused
from lendstream.events.intake import Language
from lendstream.events.notification import Channel
from lendstream.topics import CUSTOMER, CUSTOMER_KEY, Topic
from lendstream_notifications.domain.contact import (
    Contact,
    erase_key,
    erase_profile,
    give_article,
    learn_key,
    learn_profile,
)
from unit.notifications import stories
from unit.notifications.stories import NOW, RULES, Moment


def tombstone(topic: Topic, key: str = str(stories.CUSTOMER)) -> Tombstone:
    return Tombstone(topic, key, "id", NOW)


def test_profile_and_key_meet_in_either_order() -> None:
    first = learn_key(learn_profile(None, stories.profile(), Moment()), stories.key(), Moment())
    second = learn_profile(learn_key(None, stories.key(), Moment()), stories.profile(), Moment())
    assert first == second
    assert first.complete
    assert not first.erased


def test_a_profile_under_another_key_waits_for_it() -> None:
    contact = learn_profile(
        stories.contact(), stories.profile(key_id=stories.LOAN, updated_at=NOW + timedelta(1)), Moment()
    )
    assert not contact.complete
    assert learn_key(contact, stories.key(key_id=stories.LOAN), Moment()).complete


def test_an_older_profile_never_replaces_a_newer_one() -> None:
    contact = stories.contact(language=Language.ENGLISH)
    older = stories.profile(updated_at=NOW - timedelta(seconds=1))
    assert learn_profile(contact, older, Moment()) is contact


def test_either_tombstone_erases() -> None:
    without_key = erase_key(stories.contact(), tombstone(CUSTOMER_KEY), Moment())
    assert without_key.erased
    assert without_key.key is None
    without_profile = erase_profile(stories.contact(), tombstone(CUSTOMER), Moment())
    assert without_profile.erased
    assert without_profile.profile is None


def test_a_tombstone_may_come_first() -> None:
    assert erase_key(None, tombstone(CUSTOMER_KEY), Moment()).erased


def test_an_old_copy_of_the_profile_does_not_undo_an_erasure() -> None:
    erased = erase_key(
        erase_profile(stories.contact(), tombstone(CUSTOMER), Moment()), tombstone(CUSTOMER_KEY), Moment()
    )
    assert learn_profile(erased, stories.profile(), Moment()) is erased


def test_a_customer_who_comes_back_is_there_again_in_any_interleaving() -> None:
    """The two topics keep their own order, not each other's."""
    again = stories.profile(key_id=stories.LOAN, updated_at=NOW + timedelta(1))
    profiles = [lambda c: erase_profile(c, tombstone(CUSTOMER), Moment()), lambda c: learn_profile(c, again, Moment())]
    keys = [
        lambda c: erase_key(c, tombstone(CUSTOMER_KEY), Moment()),
        lambda c: learn_key(c, stories.key(key_id=stories.LOAN), Moment()),
    ]
    for order in set(permutations("ppkk")):
        steps = {"p": iter(profiles), "k": iter(keys)}
        contact: Contact = stories.contact()
        for which in order:
            contact = next(steps[which])(contact)
        assert contact.complete
        assert not contact.erased


def test_a_tombstone_of_no_customer_is_refused() -> None:
    with pytest.raises(Refused, match="not a UUID"):
        erase_profile(None, tombstone(CUSTOMER, "xiaoming"), Moment())


def test_the_first_loan_brings_one_article() -> None:
    contact = give_article(None, stories.disbursed(), Moment(), rules=RULES, article="first_loan")
    (message,) = contact.messages
    assert (message.key, message.channel) == (f"{stories.CUSTOMER}/article_first_loan", Channel.MAIL)
    assert message.loan_id == stories.LOAN
    again = give_article(contact, stories.disbursed(loan_id=stories.KEY), Moment(), rules=RULES, article="first_loan")
    assert again is contact


def test_the_first_missed_instalment_brings_another() -> None:
    contact = give_article(stories.contact(), stories.disbursed(), Moment(), rules=RULES, article="first_loan")
    contact = give_article(contact, stories.overdue(), Moment(), rules=RULES, article="first_missed")
    assert contact.articles == ("article_first_loan", "article_first_missed")
    assert give_article(contact, stories.overdue(9, 2), Moment(), rules=RULES, article="first_missed") is contact


def test_an_article_that_the_rules_do_not_have_is_not_given() -> None:
    bare = RULES.model_copy(update={"articles": {}})
    contact = stories.contact()
    assert give_article(contact, stories.disbursed(), Moment(), rules=bare, article="first_loan") is contact


def test_erasure_keeps_which_articles_were_given() -> None:
    contact = give_article(stories.contact(), stories.disbursed(), Moment(), rules=RULES, article="first_loan")
    erased = erase_profile(contact, tombstone(CUSTOMER), Moment())
    assert erased.articles == ("article_first_loan",)
