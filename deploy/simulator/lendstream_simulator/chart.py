"""The accounts of the lender's chart that the audit and the report know: numbers as in servicing's chart."""

BANK = "1002"
PRINCIPAL = "1303"
NAMES = {
    BANK: "cash at bank",
    "1132": "interest receivable",
    "112201": "fees receivable",
    "122101": "subsidies receivable",
    PRINCIPAL: "loans",
    "1304": "allowance for loan losses",
    "224101": "suspense",
    "224102": "customers' credit balances",
    "224103": "fees payable to third parties",
    "240101": "unearned subsidised interest",
    "601101": "interest income",
    "601102": "penalty income",
    "602101": "fee income",
    "602102": "prepayment fee income",
    "630101": "recoveries of charged-off loans",
    "6702": "provision expense",
    "671101": "waivers",
}
"""Names for people, in the order of the chart."""
