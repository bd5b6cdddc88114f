#!/usr/bin/env python3
"""Compares the due times of `instar job next` with those of cronsim, around the clock changes of the world.

A tool for whoever changes host/core/src/schedule; CI has the loop of Debian's cron itself as its second opinion
(host/core/tests/it/schedule/by_debian.rs). From the root of the repository:

    cargo build -p instar
    python3 -m venv target/cronsim-venv
    target/cronsim-venv/bin/pip install cronsim tzdata
    target/cronsim-venv/bin/python tests/dev/against_cronsim.py [CASES [SEED]]

It ends with 1 and prints the cases when the two differ, except where cronsim differs from Debian's cron:

1. A clock that jumps by three hours or more (Pacific/Apia leaves out a day) is a correction to Debian: what was
   skipped is gone. cronsim makes up for it. Zones with such jumps are left out.
2. cronsim begins a job of fixed times at the local time of its start, so that it names times of the first pass when
   it is started in the second pass of an overlap. Those lie before the start, and are dropped here.
3. cronsim goes over the hours of a job of an interval in steps of an hour of real time, from a minute that it set to
   0. So it loses its way, or never comes back, where the clock jumps by a part of an hour, or in the middle of one.
   Zones with such jumps are not drawn for these jobs.
4. For a job of an interval cronsim begins a day at midnight also where the clock skips it, and then names times that
   do not match, or misses those that do. Zones with such days are not drawn for these jobs.
5. cronsim reads a range of one value with a step, `4-4/5`, as `4/5`. It is not drawn.
"""

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

ROOT = Path(__file__).resolve().parents[2]
INSTAR = os.environ.get("INSTAR_BIN", str(ROOT / "target/debug/instar"))
COUNT = 6
HOUR = timedelta(hours=1)
ZONES = """UTC America/New_York America/St_Johns America/Sao_Paulo America/Havana America/Santiago America/Caracas
Europe/Berlin Europe/Dublin Europe/London Europe/Moscow Africa/Cairo Africa/Casablanca Asia/Beirut Asia/Tehran
Asia/Gaza Asia/Pyongyang Asia/Kathmandu Australia/Lord_Howe Antarctica/Troll
Pacific/Chatham""".split()


def edges(zone):
    """The instants from 1975 to 2037 at which the zone's clock jumps, each with the length of the jump."""
    found = []
    day = datetime(1975, 1, 1, tzinfo=timezone.utc)

    def offset(at):
        return at.astimezone(zone).utcoffset()

    while day.year < 2037:
        low, high = day, day + timedelta(days=1)
        if offset(low) != offset(high):
            before = offset(low)
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            edge = high.replace(second=0, microsecond=0)
            found.append((edge, offset(high) - before))
        day += timedelta(days=1)
    return found


def field(draw, low, high):
    number = lambda: draw.randint(low, high)
    pair = lambda: sorted(draw.sample(range(low, high + 1), 2))
    kind = draw.choice("**/nnnn,,--s")
    if kind == "*":
        return "*"
    if kind == "/":
        return f"*/{draw.randint(2, 15)}"
    if kind == ",":
        return "{},{}".format(*pair())
    if kind == "-":
        return "{}-{}".format(*pair())
    if kind == "s":
        return "{}-{}/{}".format(*pair(), draw.randint(2, 5))
    return str(number())


def days(draw):
    kind = draw.randint(0, 9)
    if kind < 6:
        return "*", "*"
    if kind == 6:
        return draw.choice(["L", "LW", field(draw, 1, 31)]), "*"
    if kind == 7:
        return "*", draw.choice([f"{draw.randint(0, 7)}#{draw.randint(1, 5)}", f"{draw.randint(0, 7)}L", "MON-FRI"])
    return field(draw, 1, 31), field(draw, 0, 7)


def expression(draw):
    day, weekday = days(draw)
    hour = field(draw, 0, 4) if draw.random() < 0.7 else field(draw, 0, 23)
    month = field(draw, 1, 12) if draw.random() < 0.1 else "*"
    return f"{field(draw, 0, 59)} {hour} {day} {month} {weekday}"


def is_even(after, jump):
    """Whether the clock jumps by whole hours, from the beginning of an hour, and over no midnight."""
    skips_midnight = jump > timedelta() and (after.replace(tzinfo=None) - jump).hour == 0
    return not jump % HOUR and not after.minute and not skips_midnight


def cases(count, draw):
    drawn = 0
    known = {}
    while drawn < count:
        name, text = draw.choice(ZONES), expression(draw)
        if name not in known:
            known[name] = edges(ZoneInfo(name))
        edge, _ = draw.choice(known[name] or [(datetime(2024, 2, 28, tzinfo=timezone.utc), timedelta())])
        minute, hour = text.split()[:2]
        is_interval = minute.startswith("*") or hour.startswith("*")
        is_easy = all(is_even(edge.astimezone(ZoneInfo(name)), jump) for edge, jump in known[name])
        if is_easy or not is_interval:
            drawn += 1
            yield text, name, edge - timedelta(minutes=draw.randint(-90, 36 * 60))


def theirs(text, name, start):
    try:
        times = CronSim(text, start.astimezone(ZoneInfo(name)))
        found = []
        for time in times:
            time = time.astimezone(timezone.utc)
            if time > start:
                found.append(time.strftime("%Y-%m-%dT%H:%M:%SZ"))
            if len(found) == COUNT:
                break
        return found
    except CronSimError:
        return []


def ours(text, name, start):
    start = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    command = [INSTAR, "job", "next", text, "--timezone", name, "--from", start, "--count", str(COUNT), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout).get("next", done.stdout)


def main():
    count, seed = (int(text) for text in (sys.argv[1:] + ["3000", "1"][len(sys.argv) - 1 :]))
    drawn = list(cases(count, random.Random(seed)))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda case: ours(*case), drawn))
    compared = [(case, mine, theirs(*case)) for case, mine in zip(drawn, answers)]
    differing = [(case, mine, other) for case, mine, other in compared if mine != other]
    for (text, name, start), mine, other in differing[:20]:
        print(f"`{text}` in {name} after {start:%Y-%m-%dT%H:%M:%SZ}\n  instar:  {mine}\n  cronsim: {other}")
    print(f"{count} cases with seed {seed}, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
