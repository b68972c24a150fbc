"""Values, operators (clause 4) and buckets (clause 5) of docs/SEMANTICS.md, plainly."""
import datetime
import functools
import ipaddress
import json
import re
from decimal import Decimal
from operator import eq, ge, gt, le, lt

import xxhash

TWO53 = 1 << 53
INSTANT_MAX = 8_640_000_000_000_000

class Invalid(Exception):
    """Something in a document is not as SEMANTICS.md demands."""

def need(ok, message):
    if not ok:
        raise Invalid(message)

# --- 1: values ------------------------------------------------------------
def _number(i):
    """1.2: an integer outside of i64 is the nearest double."""
    return i if -(1 << 63) <= i < (1 << 63) else _parse_float(i)

def _parse_float(text):
    try:
        f = float(text)
    except OverflowError:
        f = float("inf")
    need(abs(f) < float("inf"), "no such number")  # nor NaN
    return f

def loads(text):
    return json.loads(text, parse_float=_parse_float, parse_constant=_parse_float,
                      parse_int=lambda s: _number(int(s)) if len(s) < 30 else _parse_float(s))

def normalise(v):
    if type(v) is dict:
        return {k: normalise(x) for k, x in v.items()}
    if type(v) is list:
        return [normalise(x) for x in v]
    return _number(v) if type(v) is int else v

def is_number(v):  # type() and not isinstance(): True is an int in Python
    return type(v) is int or type(v) is float

def is_integral(v):
    return type(v) is int or (type(v) is float and v.is_integer())

def fold_case(s):
    """4.17: each scalar value by itself (so that no final sigma appears)."""
    return s.lower() if s.isascii() else "".join([c.lower() for c in s])

# --- operands ------------------------------------------------------------
def share(percent):
    """3.4: a percent with at most 4 decimals, as a number of buckets."""
    need(is_number(percent) and 0 <= percent <= 100, "percent is not a number in [0, 100]")
    buckets = Decimal(repr(percent)) * 10_000
    need(buckets == buckets.to_integral_value(), "percent has more than 4 decimals")
    return int(buckets)

_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?")
_DIGITS = re.compile("[0-9]+")

def semver(s):
    """4.10: a key that sorts by precedence, or None. Digits compare by (length, text): no integers of 5 000 digits."""
    m = _SEMVER.fullmatch(s) if type(s) is str else None
    if not m:
        return None
    core = tuple((len(d), d) for d in m.group(1, 2, 3))
    if m.group(4) is None:
        return core, (1,)
    ids = tuple((0, len(i), i) if _DIGITS.fullmatch(i) else (1, 0, i) for i in m.group(4).split("."))
    return core, (0, ids)

def dotted(s):
    """4.11: a key that sorts, or None."""
    m = re.match(r"[vV]?([0-9]+(?:\.[0-9]+)*)(?:[-+ ]|\Z)", s) if type(s) is str else None
    if not m:
        return None
    key = [(len(p.lstrip("0")), p.lstrip("0")) for p in m.group(1).split(".")]
    while key and key[-1][0] == 0:
        key.pop()
    return tuple(key)

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))")
_1970 = datetime.datetime(1970, 1, 1)

def instant(v):
    """4.12: milliseconds since 1970 as an int, or None."""
    if is_number(v):
        return int(v) if is_integral(v) and abs(v) <= INSTANT_MAX else None
    m = _RFC3339.fullmatch(v) if type(v) is str else None
    if not m:
        return None
    year, *rest = (int(g) for g in m.group(1, 2, 3, 4, 5, 6))
    try:  # in years 400 to 799, as datetime has no year 0; the calendar repeats after 400 years of 146 097 days
        at = datetime.datetime(year % 400 + 400, *rest)
    except ValueError:
        return None
    offset = (int(m.group(9) or 0) * 60 + int(m.group(10) or 0)) * (-1 if m.group(8) == "-" else 1)
    since = at - _1970 + datetime.timedelta(days=(year // 400 - 1) * 146_097, minutes=-offset)
    return since // datetime.timedelta(milliseconds=1) + int(((m.group(7) or "") + "000")[:3])

def address(s, unmap=True):
    """4.13: (family, number) or None; a mapped address is the IPv4 address."""
    if type(s) is not str or "%" in s:
        return None
    try:
        a = ipaddress.ip_address(s)
    except ValueError:
        return None
    mapped = unmap and a.version == 6 and int(a) >> 32 == 0xFFFF
    return (4, int(a) & 0xFFFFFFFF) if mapped else (a.version, int(a))

def network(s):
    """(family, number of bits to drop, what is left) ; refuses what is no network."""
    text, slash, bits = s.partition("/") if type(s) is str else ("", "", "")
    a = address(text, False)
    need(a is not None and (not slash or re.fullmatch(r"0|[1-9][0-9]{0,2}", bits)), "not a network: %r" % (s,))
    family, n = a
    width = 32 if family == 4 else 128
    prefix = int(bits) if slash else width
    need(prefix <= width, "prefix too long")
    if family == 6 and prefix >= 96 and n >> 32 == 0xFFFF:
        family, n, prefix, width = 4, n & 0xFFFFFFFF, prefix - 96, 32
    return family, width - prefix, n >> (width - prefix)

CLASSES = {r"\pL": r"[^\W\d_]", r"\p{L}": r"[^\W\d_]", r"\p{Greek}": "[\u0370-\u03ff\u1f00-\u1fff]", "[:alpha:]": "a-zA-Z",
           "[:digit:]": "0-9", "[:alnum:]": "a-zA-Z0-9", "[:space:]": r"\t-\r "}

def regex(value):
    """4.6: the common subset of Python's re and the crate regex; `$` is only the very end there (unless (?m))."""
    foreign = r"\(\?(=|!|<=|<!|#|\()|(?<!\\)(\\\\)*\\[1-9]"
    need(type(value) is str and not re.search(foreign, value), "not a regular expression")
    for ours, theirs in CLASSES.items():
        value = value.replace(ours, theirs)
    end = {"$": "$" if "(?m" in value else r"\Z", r"\z": r"\Z"}  # not in a class
    parts = re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", value, re.S)
    try:
        return re.compile("".join([end.get(part, part) for part in parts]))
    except (re.error, OverflowError) as e:
        raise Invalid("not a regular expression: %s" % e)

# --- 4: operators ---------------------------------------------------------------------------------------------------
# operator(test) gives a function from a present attribute to True, False or None (not applicable).

ORDER = {"lt": lt, "lte": le, "gt": gt, "gte": ge, "eq": eq}
TYPES = {"string": lambda v: type(v) is str, "number": is_number, "integer": is_integral, "boolean": lambda v: type(v) is bool,
         "list": lambda v: type(v) is list, "object": lambda v: type(v) is dict}

def only(read, holds):
    """A test of read(attribute); not applicable if that is None."""
    def test(v):
        read_v = read(v)
        return None if read_v is None else holds(read_v)
    return test

def operator(op, test):
    """`test` is the whole leaf; raises Invalid if the operator is unknown or its value is bad."""
    value, ic = test.get("value"), test.get("ignore_case", False)
    need(type(ic) is bool and type(op) is str, "bad operator or ignore_case")
    text = fold_case if ic else (lambda s: s)
    if op in ("in", "contains_any", "contains_all", "contains_none"):
        need(type(value) is list and all(type(v) is str or is_number(v) for v in value), "value must be a list")
    if op == "eq":
        if type(value) is str:
            want = text(value)
            return lambda v: text(v) == want if type(v) is str else None
        if type(value) is bool:
            return lambda v: v is value if type(v) is bool else None
        need(is_number(value), "value must be a string, number or boolean")
        return lambda v: v == value if is_number(v) else None
    if op == "in":
        strings = {text(v) for v in value if type(v) is str}
        numbers = {v for v in value if is_number(v)}  # sets compare int and float exactly
        any_type = bool(strings) == bool(numbers)
        def member(v):
            if type(v) is str:
                return text(v) in strings if strings or any_type else None
            return v in numbers if is_number(v) and (numbers or any_type) else None
        return member
    if op in ("contains", "starts_with", "ends_with"):
        values = value if type(value) is list else [value]
        need(all(type(v) is str for v in values), "value must be a string or a list of strings")
        needles = tuple(text(v) for v in values)
        holds = {"contains": lambda s: any(n in s for n in needles), "starts_with": lambda s: s.startswith(needles),
                 "ends_with": lambda s: s.endswith(needles)}[op]
        return lambda v: holds(text(v)) if type(v) is str else None
    if op == "matches":
        pattern = regex(value)
        return lambda v: pattern.search(v) is not None if type(v) is str else None
    if op in ("lt", "lte", "gt", "gte"):
        holds = ORDER[op]
        need(is_number(value), "value must be a number")
        return lambda v: holds(v, value) if is_number(v) else None
    if op == "between":
        need(type(value) is list and [is_number(v) for v in value] == [True, True], "value must be [low, high]")
        need(value[0] <= value[1], "low must be at most high")
        return lambda v: value[0] <= v <= value[1] if is_number(v) else None
    if op == "modulo":
        d, r = (value.get("divisor"), value.get("remainder")) if type(value) is dict else (None, None)
        need(is_integral(d) and is_integral(r) and 1 <= d <= TWO53 and 0 <= r < d, "value must be {divisor, remainder}")
        d, r = int(d), int(r)
        return lambda v: int(v) % d == r if type(v) is int or (is_integral(v) and abs(v) <= TWO53) else None
    kind, _, order = op.partition("_")
    if kind in ("semver", "version") and order in ORDER:
        parse, holds = semver if kind == "semver" else dotted, ORDER[order]
        want = parse(value)
        need(want is not None, "value must be a version")
        return only(parse, lambda key: holds(key, want))
    if op in ("before", "after"):
        at = instant(value)
        need(at is not None, "value must be an instant")
        return only(instant, lambda t: t < at if op == "before" else t > at)
    if op == "in_cidr":
        networks = [network(v) for v in (value if type(value) is list else [value])]
        return only(address, lambda a: any(a[0] == f and a[1] >> drop == left for f, drop, left in networks))
    if op in ("contains_any", "contains_all", "contains_none"):
        wanted = set(value)
        def elements(v):
            common = wanted & {e for e in v if type(e) is str or is_number(e)}
            return {"contains_any": bool(common), "contains_all": common == wanted, "contains_none": not common}[op]
        return lambda v: elements(v) if type(v) is list else None
    if op == "is_type":
        need(type(value) is str and value in TYPES, "unknown type")
        return TYPES[value]
    if op == "is_set":
        return lambda v: True
    raise Invalid("unknown operator: %r" % (op,))

# --- 5: buckets ------------------------------------------------------------
@functools.lru_cache(maxsize=1 << 16)
def _hash(text):
    return xxhash.xxh3_64_intdigest(text.encode("utf-8"), seed=0)

def bucket(salt, unit):
    """5.1"""
    x = _hash(unit) ^ _hash(salt)
    p = x * (x ^ 0xE7037ED1A0B428DB)
    m = (p & 0xFFFFFFFFFFFFFFFF) ^ (p >> 64)
    return (m * 1_000_000) >> 64

def unit_text(v):
    """5.2: the text of a unit, or None if it is missing."""
    if type(v) is str:
        return v or None
    return str(int(v)) if is_integral(v) and abs(v) <= TWO53 else None
