"""
The process that touches watch folders: ``python -m panjaya_watchd.doctor.child``, with a job as JSON on standard input.

It becomes whoever it is to be, looks, and prints each thing that it finds as a line of JSON. It never outlives its
parent's patience, unless the kernel keeps it; what it makes it takes away, also when it is told to end.
"""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NoReturn

from panjaya_watchd.doctor import folder
from panjaya_watchd.doctor.findings import Finding
from panjaya_watchd.doctor.identity import Identity, become


def main() -> NoReturn:
    """Do the job, and leave without waiting for threads that a dead share keeps."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    asked = json.load(sys.stdin)
    who = {**asked["who"], "groups": tuple(asked["who"]["groups"])}
    become(Identity(**who))
    for said in LOOKS[asked["look"]](asked["job"]):
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
    os._exit(0)


def reach(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Look at each path, all at once; tell of each as soon as it answers whether it can be read, written, entered."""
    answers: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()

    def ask(path: str) -> None:
        try:
            Path(path).stat()
            trouble = None
        except OSError as error:
            trouble = error.strerror or str(error)
        rights = {"read": os.R_OK, "write": os.W_OK, "enter": os.X_OK}
        may = {name: os.access(path, right) for name, right in rights.items()}
        answers.put({"path": path, "trouble": trouble, **may})

    for path in job["paths"]:
        threading.Thread(target=ask, args=(path,), daemon=True).start()
    for _ in job["paths"]:
        yield answers.get()


def one_folder(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Look at one watch folder; see `folder.look`."""
    for said in folder.look(folder.Job(**job)):
        yield {"finding": asdict(said)} if isinstance(said, Finding) else {"facts": said}


LOOKS: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[Mapping[str, Any]]]]] = {
    "reach": reach,
    "folder": one_folder,
}

if __name__ == "__main__":
    main()
