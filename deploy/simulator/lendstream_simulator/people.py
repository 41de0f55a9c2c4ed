"""Invented people: identities that look right, pass the check digit and belong to nobody.

The resident numbers begin with codes of whole cities (`...00`), which are never printed on a card: cards carry the
code of a district. The mobile numbers begin with 100, which no operator has, and mail goes to example.com.
"""

from datetime import date, timedelta
from random import Random

from lendstream.events.intake import Consents, Identity, IdentityType, Language

CITIES = ("110100", "120100", "310100", "320100", "330100", "340100", "350200", "370200", "410100", "420100",
          "430100", "440100", "440300", "450100", "500100", "510100", "530100", "610100")  # fmt: skip
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文辉玲梅鑫宇晨欣怡子涵雨泽"
FIRST_NAMES = ("Anna", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Irene", "Jonas", "Karen", "Liam")
LAST_NAMES = ("Adler", "Brooks", "Castillo", "Dubois", "Evans", "Fischer", "Grant", "Hughes", "Ivanov", "Jensen")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def check_digit(first_17: str) -> str:
    """The last character of a resident number (GB 11643-1999, which is ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11]


def resident_number(rng: Random, born: date) -> str:
    """A resident number of 18 characters for a birth date."""
    first_17 = f"{rng.choice(CITIES)}{born:%Y%m%d}{rng.randrange(1, 1000):03d}"
    return first_17 + check_digit(first_17)


def birth_date(rng: Random, credit_history_years: int, today: date) -> date:
    """Of somebody who had a first account at 18 to 25, so many years ago; one in a hundred is not of age yet."""
    age = 17 if rng.random() < 0.01 else min(85, credit_history_years + rng.randrange(18, 26))
    return today - timedelta(days=age * 365 + age // 4 + rng.randrange(30, 330))


def identity(rng: Random, born: date, language: Language) -> Identity:
    """Who applies. Those who are written to in English often come with a passport; six in ten have mail."""
    mobile = f"+86100{rng.randrange(10**8):08d}"
    email = f"customer-{rng.getrandbits(40):010x}@example.com" if rng.random() < 0.6 else None
    number = resident_number(rng, born)
    kind = IdentityType.RESIDENT_ID
    if language is Language.ENGLISH:
        name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
        if rng.random() < 0.5:
            kind, number = IdentityType.PASSPORT, f"X{rng.randrange(10**8):08d}"
    else:
        name = rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2, 2))))
    return Identity(identity_type=kind, identity_number=number, name=name, birth_date=born, mobile=mobile, email=email)


def consents(rng: Random) -> Consents:
    """Nearly everybody wants reminders; one in ten wants no articles."""
    return Consents(data_processing=True, reminders=rng.random() < 0.97, education=rng.random() < 0.9)
