"""
Forged callbacks, many of them: `PYTHONPATH=tests python -m bench.signatures [COUNT] [SEED]`.

Shows COUNT forgeries (100,000; see `tests/sealing.py` for their 23 kinds) to `PublicKey.signed` and, as requests in
chunks, to the application that serves `/callback/CLAIM`, with a true callback after every hundredth. Prints for each
kind how many there were and what came of them. Ends with an error where one was believed, where anything was raised, or
where a true one was refused.
"""

import asyncio
import contextlib
import itertools
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sealing import BODY, KINDS, OURS, TEXTS, Forged, der, forgeries, raw

from panjaya_watchd.web.callback import Callbacks, Told
from panjaya_watchd.web.signature import PublicKey

CHUNK = 1000
"""Bytes of a body that the application receives at once."""

Show = Callable[[int, int], "Tally"]
"""Shows forgeries, so many and by that seed."""

FALSE, TRUE = {401, 413}, {204}
"""What the application answers. 413: the body is too large to be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What came of the forgeries: by kind and verdict; ``wrong`` names the first few that were not refused in order."""

    count: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, kind: str, verdict: str, *, right: bool) -> None:
        """Count one."""
        self.count[kind, verdict] += 1
        if not right and len(self.wrong) < 20:
            self.wrong.append(f"{kind}: {verdict}")


def verified(count: int, seed: int) -> Tally:
    """Show forgeries to the key alone."""
    key, tally = PublicKey(OURS.public_key()), Tally()
    for number, forged in enumerate(itertools.islice(forgeries(seed), count)):
        try:
            verdict = "signed" if key.signed(forged.header, forged.body) else "not signed"
        except Exception as error:  # noqa: BLE001  (whatever it is, it is what we look for)
            verdict = repr(error)
        tally.note(forged.kind, verdict, right=verdict == "not signed")
        if number % 100 == 99:
            verdict = "signed" if key.signed(_truth(number), BODY) else "not signed"
            tally.note("true", verdict, right=verdict == "signed")
    return tally


def served(count: int, seed: int) -> Tally:
    """Show forgeries to the application, in this process."""
    told: list[Told] = []
    app, tally = Callbacks(key=PublicKey(OURS.public_key()), say=told.append).app, Tally()

    async def serve() -> None:
        for number, forged in enumerate(itertools.islice(forgeries(seed), count)):
            status = await _post(app, forged)
            tally.note(forged.kind, str(status), right=status in FALSE and not told)
            if number % 100 == 99:
                status = await _post(app, Forged(kind="true", header=_truth(number), body=BODY))
                tally.note("true", str(status), right=status in TRUE and len(told) == 1)
                told.clear()

    asyncio.run(serve())
    return tally


async def _post(app: Callable[..., Awaitable[None]], forged: Forged) -> int | str:
    """Give the status, or what was raised. The header is written as UTF-8, which is no HTTP but may well come."""
    header = forged.header.encode("utf-8", "surrogatepass")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/callback/c0ffee",
        "raw_path": b"/callback/c0ffee",
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"us"), (b"x-signature", header)],
    }
    chunks = [forged.body[at : at + CHUNK] for at in range(0, len(forged.body), CHUNK)] or [b""]
    messages = iter(
        {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}
        for place, chunk in enumerate(chunks, start=1)
    )
    answers: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        answers.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what we look for)
        return repr(error)
    return int(answers[0]["status"])


def _truth(number: int) -> str:
    """Give a true signature, in each form and spelling in turn."""
    spellings = list(TEXTS.values())
    return spellings[number // 100 % len(spellings)]((raw, der)[number // 100 // len(spellings) % 2]())


def main(count: int, seed: int) -> int:
    """Show all, print; give the exit status."""
    failed = False
    for name, show in (("PublicKey.signed", verified), ("POST /callback/CLAIM", served)):
        began = time.perf_counter()
        tally = show(count, seed)
        spent = time.perf_counter() - began
        print(f"{name}: {count} forgeries in {spent:.1f} s, {spent / count * 1e6:.0f} microseconds each")
        for kind in (*KINDS, "true"):
            verdicts = {verdict: times for (of, verdict), times in sorted(tally.count.items()) if of == kind}
            print(f"  {kind:24}" + "".join(f"{times:8} {verdict}" for verdict, times in verdicts.items()))
        for wrong in tally.wrong:
            print(f"  WRONG: {wrong}")
        failed = failed or bool(tally.wrong)
    return int(failed)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        given = [int(word) for word in sys.argv[1:]]
        sys.exit(main(*(given + [100_000, 1][len(given) :])))
