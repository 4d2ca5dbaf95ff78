"""stub"""
PROTOCOL = "{frames}"
def fit_score(record, n): return record
def measure_locator(l, n): raise SystemExit("stub")
